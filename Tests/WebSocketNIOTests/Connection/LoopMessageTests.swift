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
}
