import Dispatch
import Foundation
import NIOCore
import Synchronization
import Testing
import WebSocketCore

@testable import WebSocketNIO

/// What is sent on the event loop does not overtake what was sent before, from elsewhere, and is still on its way there.
@Suite(.timeLimit(.minutes(1))) struct OrderTests {
    /// On the server's event loop: another thread does the first, while the loop cannot take a turn; then the second is done here.
    private func onLoop<Value: Sendable>(
        _ pair: Pair, elsewhere first: @escaping @Sendable () -> Void,
        then second: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await pair.server.eventLoop.submit {
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                first()
                done.signal()
            }
            done.wait()
            return try second()
        }.get()
    }

    private func texts(_ pair: Pair, _ count: Int) async throws -> [String] {
        var texts: [String] = []
        var iterator = pair.client.messages.makeAsyncIterator()
        while texts.count < count, case .text(let text) = try await iterator.next() { texts.append(text) }
        return texts
    }

    /// The first message may be empty: it is counted all the same.
    @Test(arguments: ["first", ""]) func trySend(first: String) async throws {
        try await Pair.with { pair in
            let server = pair.server
            let result = try await self.onLoop(pair, elsewhere: { server.trySend(first) }) { server.trySend("second") }
            #expect(result == .sent)
            #expect(try await self.texts(pair, 2) == [first, "second"])
            // From now on at once again.
            let isNext = try await server.eventLoop.submit { server.isNext }.get()
            #expect(isNext)
        }
    }

    @Test func broadcast() async throws {
        try await Pair.with { pair in
            try await Pair.with { other in
                let all = [pair.server, other.server]
                try await self.onLoop(pair, elsewhere: { WebSocketConnection.broadcast("first", to: all) }) {
                    WebSocketConnection.broadcast("second", to: all)
                }
                #expect(try await self.texts(pair, 2) == ["first", "second"])
                #expect(try await self.texts(other, 2) == ["first", "second"])
            }
        }
    }

    /// Nor is it lost to a closing handshake that begins on the loop.
    @Test func closing() async throws {
        try await Pair.with { pair in
            let server = pair.server
            let late = try await self.onLoop(pair, elsewhere: { server.trySend("first") }) {
                server.trySend("second")
                try server.startClosing(reason: "third")
                return server.trySend("fourth")
            }
            #expect(late == .closed)
            #expect(try await self.texts(pair, 3) == ["first", "second"])
            #expect(await pair.client.closed.reason == "third")
        }
    }

    /// Limits hold for what has to wait, too, and a handler is told of room.
    @Test func limits() async throws {
        try await Pair.with(server: .init(sendBuffer: 1000, maxSendBuffer: 2000)) { pair in
            let server = pair.server
            let results = try await self.onLoop(
                pair, elsewhere: { server.trySend(ByteBuffer(repeating: 1, count: 900)) }
            ) {
                (0..<3).map { _ in server.trySend(ByteBuffer(repeating: 2, count: 500)) }
                    + [server.handler.hot.pointee.owesDrained ? .sent : .closed]
            }
            #expect(results == [.slow, .slow, .full, .sent])
            var iterator = pair.client.messages.makeAsyncIterator()
            for count in [900, 500, 500] {
                guard case .binary(let bytes)? = try await iterator.next() else { throw POSIXError(.EBADMSG) }
                #expect(bytes.readableBytes == count)
            }
            let owesDrained = try await server.eventLoop.submit { server.handler.hot.pointee.owesDrained }.get()
            #expect(!owesDrained)
        }
    }

    /// Members on different loops that are told under a lock, by handlers and by tasks, see the same order.
    @Test func aRoom() async throws {
        let room = Room()
        let delivery = WebSocketDelivery.handler { room.join($0) }
        try await Pair.with(serverDelivery: delivery) { first in
            try await Pair.with(serverDelivery: delivery) { second in
                let count = 300
                try await withThrowingTaskGroup(of: [WebSocketMessage].self) { group in
                    for (name, pair) in [("a", first), ("b", second)] {
                        group.addTask {
                            for number in 0..<count { try await pair.client.send("\(name)\(number)") }
                            return []
                        }
                        group.addTask {
                            var seen: [WebSocketMessage] = []
                            var iterator = pair.client.messages.makeAsyncIterator()
                            while seen.count < 3 * count, let message = try await iterator.next() {
                                seen.append(message)
                            }
                            return seen
                        }
                    }
                    group.addTask {
                        for number in 0..<count {
                            room.tell(ByteBuffer(string: "c\(number)"))
                            await Task.yield()
                        }
                        return []
                    }
                    var orders: [[WebSocketMessage]] = []
                    for try await order in group where !order.isEmpty { orders.append(order) }
                    #expect(orders.map(\.count) == [3 * count, 3 * count])
                    // Not shown: it would be a thousand messages.
                    let isSame = orders.first == orders.last
                    #expect(isSame)
                }
            }
        }
    }
}

/// Tells all what one says.
private final class Room: Sendable {
    private let members = Mutex<[WebSocketConnection]>([])

    func join(_ connection: WebSocketConnection) -> Member {
        self.members.withLock { $0.append(connection) }
        return Member(room: self)
    }

    func tell(_ bytes: ByteBuffer) {
        self.members.withLock { WebSocketConnection.broadcast(bytes, as: .text, to: $0) }
    }

    struct Member: WebSocketHandler {
        let room: Room

        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            self.room.tell(bytes)
        }
    }
}
