import Logging
import RealtimeCore
import TestSupport
import Testing

@testable import Realtime
@testable import duplex

/// Says where it is, once a second.
private struct Counting: Scene {
    var count = 0

    func present() -> [SceneMessage] { [SceneMessage(data: Array("\(self.count)".utf8))] }

    mutating func next() -> SceneMoment {
        self.count += 1
        return SceneMoment(pause: .seconds(1), messages: self.present())
    }
}

@Suite(.timeLimit(.minutes(1))) struct ScenePlayerTests {
    private let clock = ManualClock()
    private let hub: RealtimeHub
    private let room: RoomName

    init() throws {
        self.room = try RoomName("scene")
        let start = self.clock.now
        self.hub = RealtimeHub(clock: { [clock] in
            RealtimeCore.Instant.start.advanced(by: start.duration(to: clock.now))
        })
    }

    private func withPlayer(_ body: () async throws -> Void) async throws {
        let player = ScenePlayer(
            hub: self.hub, room: self.room, scene: Counting(), clock: self.clock, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await player.run() }
            defer { group.cancelAll() }
            try await body()
        }
    }

    private func messages(after position: Position? = nil) async throws -> [String] {
        let start = position.map { ReadingStart.after($0) } ?? .latest(100)
        return try await self.hub.read(self.room, from: start).messages.map {
            String(decoding: $0.body.data, as: UTF8.self)
        }
    }

    @Test func nothingHappensWhileNobodyReads() async throws {
        try await self.withPlayer {
            for _ in 0..<100 { await Task.yield() }
            self.clock.advance(by: .seconds(3600))
            for _ in 0..<100 { await Task.yield() }
            let messages = try await self.messages()
            #expect(messages == [])
        }
    }

    @Test func whoComesSeesHowItIsAndHowItGoesOn() async throws {
        try await self.withPlayer {
            let reader = try await self.hub.reader(of: self.room)
            for _ in 1...3 { await self.clock.passSleep() }
            // When it sleeps again the third is told.
            _ = await self.clock.slept()
            let messages = try await self.messages()
            #expect(messages == ["0", "1", "2", "3"])
            withExtendedLifetime(reader) {}
        }
    }

    @Test func itStandsStillAMinuteAfterTheLastPollAndGoesOnFromThere() async throws {
        let audience = self.hub.audience(of: self.room)
        try await self.withPlayer {
            await self.whenItWaits(audience)
            _ = try await self.messages()
            for _ in 0...60 { await self.clock.passSleep() }
            await self.whenItWaits(audience)
            let before = try await self.messages()
            #expect(before.prefix(62) == (0...61).map { "\($0)" }[...])
            // Reading has woken it.
            await self.clock.passSleep()
            _ = await self.clock.slept()
            let messages = try await self.messages()
            #expect(messages.suffix(3) == ["61", "61", "62"])
        }
    }

    @Test func itStaysAsLongAsSomebodyReads() async throws {
        let audience = self.hub.audience(of: self.room)
        try await self.withPlayer {
            let reader = try await self.hub.reader(of: self.room)
            for _ in 0..<100 { await self.clock.passSleep() }
            _ = await self.clock.slept()
            #expect(audience.waiting == 0)
            withExtendedLifetime(reader) {}
        }
    }

    @Test func whatWasMissedWhileTheMachineSleptIsNotCaughtUp() async throws {
        try await self.withPlayer {
            let reader = try await self.hub.reader(of: self.room)
            _ = await self.clock.slept()
            self.clock.advance(by: .seconds(3600))
            let pause = await self.clock.slept()
            // At once, and then in its time again.
            #expect(pause == .zero)
            withExtendedLifetime(reader) {}
        }
    }

    private func whenItWaits(_ audience: RoomAudience) async {
        while audience.waiting == 0 { await Task.yield() }
    }
}
