import NIOCore
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct ReceivingTests {
    @Test func messagesInOrderUntilTheEnd() async throws {
        try await Pair.with { pair in
            async let sending: Void = {
                for number in 0..<1000 { try await pair.client.send("\(number)") }
                try await pair.client.send(ByteBuffer(bytes: [1, 2, 3]))
                try pair.client.startClosing()
            }()
            var found: [WebSocketMessage] = []
            for try await message in pair.server.messages { found.append(message) }
            try await sending
            #expect(found.count == 1001)
            #expect(found.prefix(1000).elementsEqual((0..<1000).map { .text("\($0)") }))
            #expect(found.last == .binary(ByteBuffer(bytes: [1, 2, 3])))
        }
    }

    @Test func aReaderMayStopAndGoOn() async throws {
        try await Pair.with { pair in
            for number in 0..<10 { try await pair.client.send("\(number)") }
            for try await message in pair.server.messages where message == .text("4") { break }
            var iterator = pair.server.messages.makeAsyncIterator()
            let found1 = try await iterator.next()
            #expect(found1 == .text("5"))
            var chunks = pair.server.chunks.makeAsyncIterator()
            let found2 = try await chunks.next()?.bytes
            #expect(found2 == ByteBuffer(string: "6"))
        }
    }

    @Test func aSecondReaderGetsAnError() async throws {
        try await Pair.with { pair in
            let first = Task {
                var iterator = pair.server.messages.makeAsyncIterator()
                return try await iterator.next()
            }
            // Wait until the first one is really reading: only then does the second one fail.
            var failure: (any Error)?
            while failure == nil {
                let second = Task {
                    var iterator = pair.server.messages.makeAsyncIterator()
                    return try await iterator.next()
                }
                async let cancelled: Void = second.cancel()
                _ = await cancelled
                do { _ = try await second.value } catch is CancellationError { continue } catch { failure = error }
            }
            #expect(failure as? WebSocketError == WebSocketError(.alreadyBeingRead))
            try await pair.client.send("for the first")
            let found3 = try await first.value
            #expect(found3 == .text("for the first"))
        }
    }

    @Test func aLostConnectionThrows() async throws {
        try await Pair.with { pair in
            try await pair.client.send("x")
            var iterator = pair.server.messages.makeAsyncIterator()
            let found4 = try await iterator.next()
            #expect(found4 == .text("x"))
            pair.client.abort()
            await #expect(throws: WebSocketError.self) { _ = try await iterator.next() }
        }
    }

    @Test func cancellationLeavesTheConnectionOpen() async throws {
        try await Pair.with { pair in
            let reader = Task { for try await _ in pair.server.messages {} }
            reader.cancel()
            await #expect(throws: CancellationError.self) { try await reader.value }
            #expect(pair.server.readyState == .open)
            try await pair.client.send("still here")
            var iterator = pair.server.messages.makeAsyncIterator()
            let found5 = try await iterator.next()
            #expect(found5 == .text("still here"))
        }
    }

    /// A reader that does not read stops the peer: what waits stays bounded however much the peer wants to send.
    @Test func aSlowReaderSlowsThePeer() async throws {
        let bound = 64 << 10
        try await Pair.with(server: .init(receiveBuffer: bound)) { pair in
            let message = ByteBuffer(repeating: 1, count: 16 << 10)
            let count = 4000
            let sender = Task {
                for _ in 0..<count { try await pair.client.send(message) }
            }
            // The sender comes to a stop: all buffers on the way are full.
            var last = -1
            while true {
                let full = try await pair.server.eventLoop.submit { pair.server.handler.isReaderFull }.get()
                let waiting = pair.client.bufferedAmount
                if full && waiting > 0 && waiting == last { break }
                last = waiting
                try await pair.client.ping0()
            }
            #expect(!sender.isCancelled)
            var received = 0
            for try await _ in pair.server.messages {
                received += 1
                if received == count { break }
            }
            try await sender.value
            #expect(received == count)
        }
    }

    @Test func closingDoesNotWaitForAReader() async throws {
        try await Pair.with(server: .init(receiveBuffer: 1000)) { pair in
            for _ in 0..<100 { try await pair.client.send(ByteBuffer(repeating: 1, count: 10_000)) }
            let closure = try await pair.server.close()
            #expect(closure.wasClean)
        }
    }
}

extension WebSocketConnection {
    /// Lets the event loop take some turns.
    func ping0() async throws {
        for _ in 0..<100 { try await self.eventLoop.submit {}.get() }
    }
}
