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
        private var random: Generator

        init(count: Int, seed: UInt64) {
            self.count = count
            self.random = Generator(seed: seed)
        }

        func opened(_ connection: WebSocketConnection) {
            // So that a flush often ends with something left, and not too much for being told that there is room.
            let options = connection.handler.context?.channel.syncOptions
            try? options?.setOption(.socketOption(.so_sndbuf), value: 64 << 10)
        }

        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            self.drained(connection)
        }

        func drained(_ connection: WebSocketConnection) {
            // One is a buffer that is alone; several are more than the driver lets wait.
            var result = SendResult.sent
            for _ in 0..<(self.random.oneIn(2) ? 1 : 2 + self.random.below(6)) { result = self.say(connection) }
            // Nobody is told to go on who was not told to slow down.
            guard result == .sent, self.next < self.count else { return }
            connection.eventLoop.assumeIsolated().execute { self.drained(connection) }
        }

        private func say(_ connection: WebSocketConnection) -> SendResult {
            guard self.next < self.count else { return .sent }
            let text = Array("\(self.next) \(String(repeating: "x", count: self.random.below(48_000)))".utf8)
            let result = LoopMessage([text]).send(to: connection, isLast: self.next % 2 == 0)
            if result == .sent || result == .slow { self.next += 1 }
            return result
        }

        func closed(_ connection: WebSocketConnection, _ closure: Closure) {}
    }

    /// What is sent from within a flush does not overtake what the channel still holds.
    @Test(arguments: [true, false], 1...2 as ClosedRange<UInt64>)
    func sentFromWithinAFlush(isPlain: Bool, seed: UInt64) async throws {
        let count = 2_000
        try await Pair.with(
            server: .init(sendBuffer: 96 << 10), isPlain: isPlain,
            serverDelivery: .handler { _ in Talker(count: count, seed: seed) }
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
            }
            #expect(expected == count)
        }
    }
}
