import NIOCore
import Synchronization
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(2))) struct StreamingTests {
    @Test func piecesBecomeOneMessage() async throws {
        try await Pair.with { pair in
            try await pair.client.withMessage(.text) { writer in
                for piece in ["one ", "two ", "three"] { try await writer.write(ByteBuffer(string: piece)) }
            }
            try await pair.client.withMessage(.binary) { _ in }
            var iterator = pair.server.messages.makeAsyncIterator()
            let found1 = try await iterator.next()
            #expect(found1 == .text("one two three"))
            let found2 = try await iterator.next()
            #expect(found2 == .binary(ByteBuffer()))
        }
    }

    @Test func otherMessagesWait() async throws {
        try await Pair.with { pair in
            try await pair.client.withMessage(.text) { writer in
                try await writer.write(ByteBuffer(string: "a"))
                try await pair.client.send("between")
                try await writer.write(ByteBuffer(string: "b"))
            }
            var iterator = pair.server.messages.makeAsyncIterator()
            let found3 = try await iterator.next()
            #expect(found3 == .text("ab"))
            let found4 = try await iterator.next()
            #expect(found4 == .text("between"))
        }
    }

    /// However much waits for its end, the message in pieces goes on: else both would wait for each other for ever.
    @Test func piecesDoNotWaitForWhatWaitsForThem() async throws {
        try await Pair.with { pair in
            let large = ByteBuffer(repeating: 7, count: 2 * pair.client.configuration.sendBuffer)
            try await pair.client.withMessage(.text) { writer in
                try await writer.write(ByteBuffer(string: "a"))
                pair.client.trySend(large)
                try await writer.write(ByteBuffer(string: "b"))
                try await writer.write(ByteBuffer(string: "c"))
            }
            var iterator = pair.server.messages.makeAsyncIterator()
            let first = try await iterator.next()
            #expect(first == .text("abc"))
            let second = try await iterator.next()
            #expect(second == .binary(large))
        }
    }

    @Test func twoMessagesInPiecesDoNotMix() async throws {
        try await Pair.with { pair in
            async let first: Void = pair.client.withMessage(.text) { writer in
                for _ in 0..<100 { try await writer.write(ByteBuffer(string: "a")) }
            }
            async let second: Void = pair.client.withMessage(.text) { writer in
                for _ in 0..<100 { try await writer.write(ByteBuffer(string: "b")) }
            }
            _ = try await (first, second)
            var iterator = pair.server.messages.makeAsyncIterator()
            let found: Set = [try await iterator.next(), try await iterator.next()]
            #expect(found == [.text(String(repeating: "a", count: 100)), .text(String(repeating: "b", count: 100))])
        }
    }

    private struct Broken: Error {}

    @Test func whatIsGivenUpClosesTheConnection() async throws {
        try await Pair.with { pair in
            await #expect(throws: Broken.self) {
                try await pair.client.withMessage(.text) { writer in
                    try await writer.write(ByteBuffer(string: "half"))
                    throw Broken()
                }
            }
            let found5 = await pair.server.closed.code
            #expect(found5 == .internalError)
        }
    }

    @Test func whatIsGivenUpBeforeItBeganDoesNot() async throws {
        try await Pair.with { pair in
            await #expect(throws: Broken.self) { try await pair.client.withMessage(.text) { _ in throw Broken() } }
            try await pair.client.send("fine")
            var iterator = pair.server.messages.makeAsyncIterator()
            let found6 = try await iterator.next()
            #expect(found6 == .text("fine"))
        }
    }

    /// A writer that outlives its message must not write into the next one.
    @Test func aWriterEndsWithItsMessage() async throws {
        try await Pair.with { pair in
            nonisolated(unsafe) var kept: WebSocketMessageWriter?
            try await pair.client.withMessage(.text) { writer in
                kept = writer
                try await writer.write(ByteBuffer(string: "a"))
            }
            let late = try #require(kept)
            await #expect(throws: WebSocketError(.messageDone)) { try await late.write(ByteBuffer(string: "x")) }
            try await pair.client.withMessage(.text) { writer in
                try await writer.write(ByteBuffer(string: "b"))
                await #expect(throws: WebSocketError(.messageDone)) { try await late.write(ByteBuffer(string: "x")) }
            }
            var iterator = pair.server.messages.makeAsyncIterator()
            let first = try await iterator.next()
            #expect(first == .text("a"))
            let second = try await iterator.next()
            #expect(second == .text("b"))
        }
    }

    @Test func aMessageThatIsNotFinishedThrows() async throws {
        try await Pair.with { pair in
            let error = await #expect(throws: WebSocketError.self) {
                try await pair.client.withMessage(.text) { writer in
                    try await writer.write(ByteBuffer(string: "a"))
                    try pair.client.startClosing()
                }
            }
            #expect(error?.isClosed == true)
        }
    }

    /// A message of 1 GiB, sent and received in pieces: what is written and not yet read never exceeds the buffers on
    /// the way (the socket's of both ends, some MiB, among them). The process's memory would tell of its other tests, too.
    @Test func aGibibyteInConstantMemory() async throws {
        let configuration = WebSocketConfiguration(limits: .unlimited)
        try await Pair.with(server: configuration) { pair in
            let piece = ByteBuffer(repeating: 0x2A, count: 1 << 20)
            let written = Mutex(0)
            async let sending: Void = pair.client.withMessage(.binary) { writer in
                for _ in 0..<1024 {
                    try await writer.write(piece)
                    written.withLock { $0 += piece.readableBytes }
                }
            }
            var total = 0
            var largest = 0
            var onTheWay = 0
            for try await chunk in pair.server.chunks {
                onTheWay = max(onTheWay, written.withLock { $0 } - total)
                total += chunk.bytes.readableBytes
                largest = max(largest, chunk.bytes.readableBytes)
                if chunk.isLast { break }
            }
            try await sending
            #expect(total == 1 << 30)
            #expect(largest <= LoopResources.receiveSize)
            #expect(onTheWay < 64 << 20)
        }
    }
}
