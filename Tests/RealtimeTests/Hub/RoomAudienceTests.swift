import RealtimeCore
import Synchronization
import Testing

@testable import Realtime

@Suite(.timeLimit(.minutes(1))) struct RoomAudienceTests {
    private final class Time: Sendable {
        let now = Mutex(Instant.start)
        func pass(_ duration: Duration) { self.now.withLock { $0 = $0.advanced(by: duration) } }
    }

    private let time = Time()
    private let hub: RealtimeHub
    private let room: RoomName
    private let audience: RoomAudience

    init() throws {
        self.hub = RealtimeHub(clock: { [time] in time.now.withLock { $0 } })
        self.room = try RoomName("match")
        self.audience = self.hub.audience(of: self.room)
    }

    private func client(on loop: FakeLoop) throws -> HubClient {
        self.hub.connect(FakeConnection(), on: loop, as: Identity(member: try MemberID("ann")))
    }

    @Test func nobodyIsThereAtFirst() {
        #expect(!self.audience.isThere(within: .seconds(3600)))
    }

    @Test func readersOfAllLoopsCountTogether() throws {
        let loops = [FakeLoop(), FakeLoop()]
        let clients = try loops.map { try self.client(on: $0) }
        for client in clients { client.say(#"{"type":"join","room":"match"}"#) }
        #expect(self.audience.isThere())
        clients[0].say(#"{"type":"leave","room":"match"}"#)
        #expect(self.audience.isThere())
        clients[1].closed()
        #expect(!self.audience.isThere(within: .zero - .nanoseconds(1)))
    }

    @Test func whoHasGoneCountsForAWhile() throws {
        let client = try self.client(on: FakeLoop())
        client.say(#"{"type":"join","room":"match"}"#)
        self.time.pass(.seconds(100))
        client.closed()
        self.time.pass(.seconds(60))
        #expect(self.audience.isThere(within: .seconds(60)))
        self.time.pass(.milliseconds(1))
        #expect(!self.audience.isThere(within: .seconds(60)))
    }

    @Test func aPollCounts() async throws {
        self.time.pass(.seconds(100))
        _ = try await self.hub.read(self.room, from: .latest(0))
        self.time.pass(.seconds(60))
        #expect(self.audience.isThere(within: .seconds(60)))
        self.time.pass(.milliseconds(1))
        #expect(!self.audience.isThere(within: .seconds(60)))
    }

    @Test func otherRoomsDoNotCount() async throws {
        let client = try self.client(on: FakeLoop())
        client.say(#"{"type":"join","room":"chat"}"#)
        _ = try await self.hub.read(try RoomName("other"), from: .latest(0))
        #expect(!self.audience.isThere(within: .seconds(3600)))
    }

    @Test func publishingIsNoReading() async throws {
        try await self.hub.publish(Array("1".utf8), in: self.room)
        #expect(!self.audience.isThere(within: .seconds(3600)))
    }

    @Test func whoWasThereBeforeItWasAskedForIsThere() throws {
        let client = try self.client(on: FakeLoop())
        client.say(#"{"type":"join","room":"early"}"#)
        let audience = self.hub.audience(of: try RoomName("early"))
        #expect(audience.isThere())
        #expect(self.hub.audience(of: try RoomName("early")) === audience)
    }

    @Test func arrivalIsAtOnceWhereSomebodyIs() async throws {
        let client = try self.client(on: FakeLoop())
        client.say(#"{"type":"join","room":"match"}"#)
        try await self.audience.arrival()
        client.closed()
    }

    private func whenItWaits() async { while self.audience.waiting == 0 { await Task.yield() } }

    @Test func arrivalWaitsForAReader() async throws {
        async let arrived: Void = self.audience.arrival()
        await self.whenItWaits()
        let reader = try await self.hub.reader(of: self.room)
        try await arrived
        withExtendedLifetime(reader) {}
        #expect(self.audience.waiting == 0)
    }

    @Test func arrivalWaitsForAPoll() async throws {
        async let arrived: Void = self.audience.arrival()
        await self.whenItWaits()
        _ = try await self.hub.read(self.room, from: .latest(0))
        try await arrived
    }

    @Test func waitingIsCancelled() async throws {
        let waiting = Task { try await self.audience.arrival() }
        await self.whenItWaits()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(self.audience.waiting == 0)
    }
}
