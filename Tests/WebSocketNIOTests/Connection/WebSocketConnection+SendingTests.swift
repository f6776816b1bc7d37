import NIOCore
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct SendingTests {
    @Test func fromManyTasks() async throws {
        try await Pair.with { pair in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<10 {
                    group.addTask {
                        for number in 0..<100 { try await pair.client.send("\(task) \(number)") }
                    }
                }
                var last = [Int](repeating: -1, count: 10)
                var iterator = pair.server.messages.makeAsyncIterator()
                for _ in 0..<1000 {
                    guard case .text(let text)? = try await iterator.next() else { break }
                    let parts = text.split(separator: " ").compactMap { Int($0) }
                    #expect(parts[1] == last[parts[0]] + 1)
                    last[parts[0]] = parts[1]
                }
                #expect(last == Array(repeating: 99, count: 10))
            }
        }
    }

    @Test func sendWaitsForASlowPeer() async throws {
        try await Pair.with(server: .init(receiveBuffer: 1000)) { pair in
            let sender = Task {
                while true { try await pair.client.send(ByteBuffer(repeating: 1, count: 10_000)) }
            }
            while pair.client.bufferedAmount < pair.client.configuration.sendBuffer { await Task.yield() }
            try await pair.client.ping0()
            // One message beyond the bound at most; the headers, of 14 bytes at most, are counted on the loop only.
            #expect(pair.client.bufferedAmount < pair.client.configuration.sendBuffer + 10_000 + 15 * 14)
            pair.server.abort()
            await #expect(throws: WebSocketError.self) { try await sender.value }
        }
    }

    @Test func aCancelledSenderStopsWaiting() async throws {
        try await Pair.with(server: .init(receiveBuffer: 1000)) { pair in
            while pair.client.trySend(ByteBuffer(repeating: 1, count: 100_000)) != .full {}
            let sender = Task { try await pair.client.send("one more") }
            sender.cancel()
            try await sender.value
            #expect(pair.client.readyState == .open)
        }
    }

    @Test func trySendTellsHowItIs() async throws {
        let configuration = WebSocketConfiguration(sendBuffer: 10_000, maxSendBuffer: 100_000)
        try await Pair.with(server: .init(receiveBuffer: 1000), client: configuration) { pair in
            var results: Set<SendResult> = []
            while !results.contains(.full) {
                results.insert(pair.client.trySend(ByteBuffer(repeating: 1, count: 5000)))
            }
            #expect(results.contains(.slow))
            #expect(pair.client.bufferedAmount <= 100_000 + 20 * 14)
            try pair.client.startClosing()
            #expect(pair.client.trySend("x") == .closed)
        }
    }

    @Test func aClosedConnectionThrows() async throws {
        try await Pair.with { pair in
            try await pair.client.close()
            await #expect(throws: WebSocketError.self) { try await pair.client.send("x") }
            #expect(pair.client.trySend("x") == .closed)
        }
    }

    @Test func bufferedAmountFallsToZero() async throws {
        try await Pair.with { pair in
            try await pair.client.send(ByteBuffer(repeating: 1, count: 1 << 20))
            var iterator = pair.server.messages.makeAsyncIterator()
            let found1 = try await iterator.next()?.kind
            #expect(found1 == .binary)
            while pair.client.bufferedAmount > 0 { try await pair.client.ping0() }
            #expect(pair.client.bufferedAmount == 0)
        }
    }
}
