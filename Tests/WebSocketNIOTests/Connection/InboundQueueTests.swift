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
        #expect(!queue.append([self.chunk(String(repeating: "x", count: 800))]))
        #expect(queue.append([self.chunk("x")]))
        let many = InboundQueue(bound: 1000)
        #expect(!many.append(Array(repeating: self.chunk(""), count: 7)))
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

    /// Pieces and messages may be taken in turn: every byte comes once, in order.
    @Test func piecesThenMessages() async throws {
        try await Pair.with { pair in
            let queue = InboundQueue(bound: 1000)
            _ = queue.append([self.chunk("a", last: false), self.chunk("b", first: false, last: false)])
            _ = queue.append([self.chunk("c", first: false), self.chunk("d")])
            let first = try await queue.next(pair.server)
            #expect(first?.bytes == ByteBuffer(string: "a"))
            // The rest of the message whose beginning was taken as a piece.
            let rest = try await queue.nextMessage(pair.server)
            #expect(rest == .text("bc"))
            let next = try await queue.nextMessage(pair.server)
            #expect(next == .text("d"))
        }
    }

    @Test func aMessageThatWasBegunThenPieces() async throws {
        try await Pair.with { pair in
            let queue = InboundQueue(bound: 1000)
            _ = queue.append([self.chunk("a", last: false), self.chunk("b", first: false, last: false)])
            let reader = Task { try await queue.nextMessage(pair.server) }
            while queue.count > 0 { await Task.yield() }
            reader.cancel()
            await #expect(throws: CancellationError.self) { try await reader.value }
            _ = queue.append([self.chunk("c", first: false)])
            _ = queue.append([self.chunk("d", last: false), self.chunk("e", first: false)])
            let beginning = try await queue.next(pair.server)
            #expect(beginning == self.chunk("ab", last: false))
            let end = try await queue.next(pair.server)
            #expect(end == self.chunk("c", first: false))
            let message = try await queue.nextMessage(pair.server)
            #expect(message == .text("de"))
        }
    }

    @Test func aCancelledReaderStopsThoughThereIsMore() async throws {
        try await Pair.with { pair in
            let queue = InboundQueue(bound: 1000)
            _ = queue.append([self.chunk("a")])
            let reader = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await queue.nextMessage(pair.server)
            }
            await #expect(throws: CancellationError.self) { try await reader.value }
            let message = try await queue.nextMessage(pair.server)
            #expect(message == .text("a"))
        }
    }

    @Test func fullStaysFullUntilHalfIsTaken() async throws {
        try await Pair.with { pair in
            let queue = InboundQueue(bound: 1000)
            #expect(queue.append(Array(repeating: self.chunk(""), count: 8)))
            _ = try await queue.nextMessage(pair.server)
            #expect(queue.append([]))
        }
    }

    @Test func aFloodLeavesNoPlacesBehind() async throws {
        try await Pair.with { pair in
            let queue = InboundQueue(bound: 1000)
            _ = queue.append(Array(repeating: self.chunk(""), count: 10_000))
            #expect(queue.places >= 10_000)
            for _ in 0..<10_000 { _ = try await queue.next(pair.server) }
            #expect(queue.places <= InboundQueue.keptPlaces)
        }
    }
}
