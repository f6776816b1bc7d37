import RealtimeCore
import Synchronization
import Testing

@testable import Realtime

@Suite(.timeLimit(.minutes(1))) struct RoomReaderTests {
    private let hub = RealtimeHub()
    private let room: RoomName

    init() throws { self.room = try RoomName("chat") }

    private func next(_ reader: RoomReader, after position: Position) async throws -> RoomReader.Outcome {
        try await reader.next(after: position, limit: .max, maxBytes: .max)
    }

    @Test func readsWhatIsThereAndWaitsForWhatComes() async throws {
        let start = try await self.hub.read(self.room, from: .latest(0)).position
        let reader = try await self.hub.reader(of: self.room)
        let first = try await self.hub.publish(Array("1".utf8), in: self.room)
        guard case .reading(let reading) = try await self.next(reader, after: start) else {
            Issue.record("nothing was read")
            return
        }
        #expect(reading.position == first)
        async let waiting = self.next(reader, after: first)
        try await self.whenItWaits()
        try await self.hub.publish(Array("2".utf8), in: self.room)
        guard case .reading(let second) = try await waiting else {
            Issue.record("nothing was read")
            return
        }
        #expect(second.messages.map(\.offset) == [2])
    }

    /// Until somebody waits for the room. It registers before it reads, so that may still be to come.
    private func whenItWaits() async throws {
        while self.hub.inUse(self.room)?.state.withLock({ $0.waiters.isEmpty }) ?? true { await Task.yield() }
    }

    @Test func isWokenOnceAlsoBeforeItWaits() async throws {
        let start = try await self.hub.read(self.room, from: .latest(0)).position
        let reader = try await self.hub.reader(of: self.room)
        try await self.hub.publish(Array("1".utf8), in: self.room)
        reader.wake()
        reader.wake()
        // Before the message, which is there all the time.
        guard case .woken = try await self.next(reader, after: start) else {
            Issue.record("it was not woken")
            return
        }
        guard case .reading(let reading) = try await self.next(reader, after: start) else {
            Issue.record("it was woken twice")
            return
        }
        async let waiting = self.next(reader, after: reading.position)
        try await self.whenItWaits()
        reader.wake()
        guard case .woken = try await waiting else {
            Issue.record("it was not woken")
            return
        }
    }

    @Test func endsForGood() async throws {
        let start = try await self.hub.read(self.room, from: .latest(0)).position
        let reader = try await self.hub.reader(of: self.room)
        async let waiting = self.next(reader, after: start)
        try await self.whenItWaits()
        reader.end()
        guard case .ended = try await waiting else {
            Issue.record("it did not end")
            return
        }
        try await self.hub.publish(Array("1".utf8), in: self.room)
        guard case .ended = try await self.next(reader, after: start) else {
            Issue.record("it goes on")
            return
        }
    }

    @Test func usesTheRoomAsLongAsItIsThere() async throws {
        var reader: RoomReader? = try await self.hub.reader(of: self.room)
        #expect(self.hub.inUse(self.room) != nil)
        withExtendedLifetime(reader) {}
        reader = nil
        #expect(self.hub.inUse(self.room) == nil)
    }

    @Test func leavesNobodyWaitingWhenItIsCancelled() async throws {
        let start = try await self.hub.read(self.room, from: .latest(0)).position
        let reader = try await self.hub.reader(of: self.room)
        let waiting = Task { try await self.next(reader, after: start) }
        try await self.whenItWaits()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(self.hub.inUse(self.room)?.state.withLock { $0.waiters.isEmpty } == true)
    }
}
