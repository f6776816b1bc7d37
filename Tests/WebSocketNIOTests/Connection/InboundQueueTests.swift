import NIOCore
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct InboundQueueTests {
    private func chunk(_ text: String, first: Bool = true, last: Bool = true) -> WebSocketMessageChunk {
        WebSocketMessageChunk(kind: .text, bytes: ByteBuffer(string: text), isFirst: first, isLast: last)
    }

    @Test func bytesAndPiecesCount() {
        let queue = InboundQueue(bound: 1000)
        #expect(!queue.append([self.chunk(String(repeating: "x", count: 900))]))
        #expect(queue.append([self.chunk("x")]))
        let many = InboundQueue(bound: 1000)
        #expect(!many.append(Array(repeating: self.chunk(""), count: 15)))
        #expect(many.append([self.chunk("")]))
    }

    @Test func piecesAreReadAsMessages() async throws {
        try await Pair.with { pair in
            let queue = InboundQueue(bound: 1000)
            _ = queue.append([self.chunk("a", last: false), self.chunk("b", first: false, last: false)])
            _ = queue.append([self.chunk("c", first: false), self.chunk("d")])
            queue.finish(Closure(code: 1000, wasClean: true))
            let found1 = try await queue.nextMessage(pair.server)
            #expect(found1 == .text("abc"))
            let found2 = try await queue.nextMessage(pair.server)
            #expect(found2 == .text("d"))
            let found3 = try await queue.nextMessage(pair.server)
            #expect(found3 == nil)
        }
    }

    @Test func aCancelledReaderLosesNothing() async throws {
        try await Pair.with { pair in
            let queue = InboundQueue(bound: 1000)
            _ = queue.append([self.chunk("a", last: false)])
            let reader = Task { try await queue.nextMessage(pair.server) }
            reader.cancel()
            await #expect(throws: CancellationError.self) { try await reader.value }
            _ = queue.append([self.chunk("b", first: false)])
            let found4 = try await queue.nextMessage(pair.server)
            #expect(found4 == .text("ab"))
        }
    }

    @Test func lostConnectionsThrowAfterWhatArrived() async throws {
        try await Pair.with { pair in
            let queue = InboundQueue(bound: 1000)
            _ = queue.append([self.chunk("a")])
            queue.finish(.abnormal)
            let found5 = try await queue.next(pair.server)?.bytes
            #expect(found5 == ByteBuffer(string: "a"))
            await #expect(throws: WebSocketError(.closed(.abnormal))) { try await queue.next(pair.server) }
        }
    }
}
