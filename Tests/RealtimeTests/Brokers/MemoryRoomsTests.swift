import RealtimeCore
import Synchronization
import Testing

@testable import Realtime

/// A clock that stands still.
final class ManualTime: Sendable {
    private let nanoseconds = Mutex<UInt64>(1)
    var instant: @Sendable () -> Instant {
        { Instant(nanoseconds: self.nanoseconds.withLock { $0 }) }
    }
    func advance(seconds: UInt64) { self.nanoseconds.withLock { $0 += seconds * 1_000_000_000 } }
}

@Suite(.timeLimit(.minutes(1))) struct MemoryRoomsTests {
    @Test func isABroker() async throws {
        try await BrokerSuite(MemoryRooms()).check()
    }

    @Test func isAPresenceStore() async throws {
        let time = ManualTime()
        let rooms = MemoryRooms(clock: time.instant)
        try await PresenceSuite(rooms) {
            time.advance(seconds: 11)
            rooms.expire()
        }.check()
    }

    /// Reading makes no rooms, and what is unused goes; a room that had messages comes back with another epoch.
    @Test func unusedRoomsAreForgotten() async throws {
        let time = ManualTime()
        let suite = BrokerSuite(MemoryRooms(clock: time.instant))
        let rooms = try #require(suite.broker as? MemoryRooms)
        let (room, quiet) = (try RoomName("a"), try RoomName("quiet"))
        _ = try await suite.read(quiet, .oldest)
        #expect(rooms.count == 0)
        _ = try await suite.publish("1", in: room)
        let position = try await suite.read(room, .oldest).position
        rooms.expire()
        #expect(rooms.count == 1)
        try await suite.subscribe(room)
        time.advance(seconds: 24 * 3600)
        rooms.expire()
        #expect(rooms.count == 1)
        #expect(try await suite.read(room, .after(position)).recovered)
        suite.broker.unsubscribe(from: room)
        rooms.expire()
        #expect(rooms.count == 0)
        let back = try await suite.read(room, .after(position))
        #expect(!back.recovered && back.position.offset == 0 && back.position.epoch != position.epoch)
    }

    @Test func lostHistory() async throws {
        let suite = BrokerSuite(MemoryRooms())
        let rooms = try #require(suite.broker as? MemoryRooms)
        let room = try RoomName("a")
        _ = try await suite.publish("1", in: room)
        let position = try await suite.read(room, .oldest).position
        rooms.loseHistory(of: room)
        let reading = try await suite.read(room, .after(position))
        #expect(!reading.recovered && reading.messages.isEmpty)
    }
}
