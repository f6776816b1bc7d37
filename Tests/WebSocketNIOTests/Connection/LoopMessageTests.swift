import NIOCore
import TestSupport
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct LoopMessageTests {
    /// What is sent in one way and another, small and large, past the channel and through it, arrives in its order, whether the
    /// reader keeps up or not.
    @Test(arguments: [true, false], 1...2 as ClosedRange<UInt64>)
    func order(isPlain: Bool, seed: UInt64) async throws {
        let count = 250
        try await Pair.with(isPlain: isPlain) { pair in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    var generator = Generator(seed: seed)
                    var next = 0
                    while next < count {
                        let steps = generator.below(8) + 1
                        let draws = (0..<steps).map { _ in (way: generator.below(4), size: generator.below(9)) }
                        let start = next
                        next += try await pair.server.eventLoop.submit {
                            var sent = 0
                            for draw in draws where start + sent < count {
                                // Now and then one that fills the socket.
                                let size = draw.size == 0 ? 100_000 : 1 << draw.size
                                let text = "\(start + sent) " + String(repeating: "x", count: size)
                                let result =
                                    draw.way == 0
                                    ? pair.server.trySend(text)
                                    : LoopMessage([Array(text.utf8)]).send(to: pair.server, isLast: draw.way > 1)
                                guard result == .sent || result == .slow else { break }
                                sent += 1
                            }
                            return sent
                        }.get()
                        try await pair.server.waitForRoom()
                    }
                }
                tasks.addTask {
                    var expected = 0
                    for try await message in pair.client.messages {
                        guard case .text(let text) = message else { continue }
                        #expect(text.prefix { $0 != " " } == "\(expected)")
                        expected += 1
                        if expected == count { break }
                    }
                    #expect(expected == count)
                }
                try await tasks.waitForAll()
            }
        }
    }

    /// What is last in its pass needs no flush; something that waits goes out before it.
    @Test func last() async throws {
        try await Pair.with { pair in
            // The first flush finds that the channel is empty.
            try await pair.server.send("0")
            var messages = pair.client.messages.makeAsyncIterator()
            var texts = [try await messages.next()]
            let amounts = try await pair.server.eventLoop.submit { () -> [Int] in
                let handler = pair.server.handler
                _ = LoopMessage([Array("1".utf8)]).send(to: pair.server, isLast: true)
                let first = handler.bufferedBytes
                _ = LoopMessage([Array("2".utf8)]).send(to: pair.server, isLast: false)
                let second = handler.bufferedBytes
                _ = LoopMessage([Array("3".utf8)]).send(to: pair.server, isLast: true)
                return [first, second, handler.bufferedBytes]
            }.get()
            #expect(amounts == [0, 3, 6])
            for _ in 1...3 { texts.append(try await messages.next()) }
            #expect(texts == [.text("0"), .text("1"), .text("2"), .text("3")])
        }
    }

    /// Says something each time when there is room again, from within the flush that made it.
    private final class Talker: WebSocketHandler {
        let count: Int
        private var next = 0
        private let text = String(repeating: "x", count: 48_000)

        init(count: Int) { self.count = count }

        func opened(_ connection: WebSocketConnection) {}

        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            // More than the driver lets wait, in several buffers, so that it is told when there is room.
            for _ in 0..<4 { self.say(connection) }
        }

        func drained(_ connection: WebSocketConnection) {
            // One is a buffer that is alone, three fill the channel again.
            for _ in 0..<(self.next % 3 == 0 ? 1 : 3) { self.say(connection) }
        }

        private func say(_ connection: WebSocketConnection) {
            guard self.next < self.count else { return }
            let text = Array("\(self.next) \(self.text)".utf8)
            switch LoopMessage([text]).send(to: connection, isLast: self.next % 2 == 0) {
            case .sent, .slow: self.next += 1
            default: break
            }
        }

        func closed(_ connection: WebSocketConnection, _ closure: Closure) {}
    }

    /// What is sent from within a flush does not overtake what the channel still holds.
    @Test(arguments: [true, false]) func sentFromWithinAFlush(isPlain: Bool) async throws {
        let count = 600
        try await Pair.with(
            server: .init(sendBuffer: 96 << 10), isPlain: isPlain,
            serverDelivery: .handler { _ in Talker(count: count) }
        ) { pair in
            try await pair.client.send("begin")
            var expected = 0
            for try await message in pair.client.messages {
                guard case .text(let text) = message else { continue }
                #expect(text.prefix { $0 != " " } == "\(expected)")
                expected += 1
                // A reader that is behind, so that the socket is full and half empty in turn.
                if expected % 16 == 0 { await Task.yield() }
                if expected == count { break }
                if expected % 100 == 0 { try await pair.client.send("more") }
            }
            #expect(expected == count)
        }
    }
}
