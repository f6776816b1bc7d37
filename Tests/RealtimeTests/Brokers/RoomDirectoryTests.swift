import RealtimeCore
import TestSupport
import Testing

@testable import Realtime

/// What all rooms together may take.
@Suite(.timeLimit(.minutes(1))) struct RoomDirectoryTests {
    private struct It {
        let time = ManualTime()
        let rooms: MemoryRooms
        let suite: BrokerSuite

        init(_ limits: MemoryLimits) {
            self.rooms = MemoryRooms(limits: limits, clock: self.time.instant)
            self.suite = BrokerSuite(self.rooms)
        }

        func room(_ number: Int) throws -> RoomName { try RoomName("room-\(number)") }

        /// Publishes a message that counts for 1,064 bytes.
        func publish(in number: Int, id: String? = nil) async throws -> PublishOutcome {
            self.time.advance(seconds: 1)
            let text = "\"" + String(repeating: "x", count: 998) + "\""
            return try await self.suite.publish(text, in: try self.room(number), id: id)
        }
    }

    /// Where nobody is in, the history goes of the room that was not used for longest.
    @Test func idleHistory() async throws {
        let it = It(MemoryLimits(maxBytes: 20 * 1064))
        for number in 0..<20 { _ = try await it.publish(in: number) }
        let position = try await it.suite.read(try it.room(0), .oldest).position
        #expect((it.rooms.count, it.rooms.bytes) == (20, 20 * 1064))
        // The first is not the oldest any more, nor the second, which was read.
        it.time.advance(seconds: 1)
        _ = try await it.suite.read(try it.room(1), .oldest)
        _ = try await it.publish(in: 0)
        #expect((it.rooms.count, it.rooms.bytes) == (18, 18 * 1064))
        #expect(try await it.suite.read(try it.room(0), .after(position)).messages.count == 1)
        #expect(try await it.suite.read(try it.room(1), .oldest).messages.count == 1)
        for number in 2...3 { #expect(try await it.suite.read(try it.room(number), .oldest).messages.isEmpty) }
        #expect(try await it.suite.read(try it.room(4), .oldest).messages.count == 1)
        // A reader of one that has gone is told, whatever is published there meanwhile.
        let gone = try await it.suite.read(try it.room(4), .oldest).position
        for number in 30..<50 { _ = try await it.publish(in: number) }
        _ = try await it.publish(in: 4)
        #expect(!(try await it.suite.read(try it.room(4), .after(gone)).recovered))
    }

    /// Who fills some rooms, and stays in them, does not cost the others their history.
    @Test func largeRooms() async throws {
        let it = It(MemoryLimits(maxBytes: 40 * 1064))
        for number in 0..<8 { _ = try await it.publish(in: number) }
        for number in 8..<10 { try await it.suite.subscribe(try it.room(number)) }
        for _ in 0..<50 {
            for number in 8..<10 { _ = try await it.publish(in: number) }
            #expect(it.rooms.bytes <= 40 * 1064)
        }
        for number in 0..<8 { #expect(try await it.suite.read(try it.room(number), .oldest).messages.count == 1) }
    }

    /// Ids are let go of as messages are; where all of it does not help, it is not tried again at once.
    @Test func manyIDs() async throws {
        let it = It(MemoryLimits(maxBytes: 20 * (1064 + MemoryLimits.idCost)))
        try await it.suite.subscribe(try it.room(0))
        for number in 0..<100 {
            _ = try await it.publish(in: 0, id: "\(number)")
            #expect(it.rooms.bytes <= 20 * (1064 + MemoryLimits.idCost))
        }
        #expect(try await it.suite.read(try it.room(0), .oldest).messages.count >= 9)
    }

    /// Of rooms that are read, the older half of the largest goes.
    @Test func usedHistory() async throws {
        let it = It(MemoryLimits(maxBytes: 20 * 1064))
        for number in 0..<2 { try await it.suite.subscribe(try it.room(number)) }
        for _ in 0..<6 { _ = try await it.publish(in: 0) }
        for _ in 0..<14 { _ = try await it.publish(in: 1) }
        #expect(it.rooms.bytes == 20 * 1064)
        _ = try await it.publish(in: 0)
        #expect(it.rooms.bytes == 14 * 1064)
        let (small, large) = (
            try await it.suite.read(try it.room(0), .oldest), try await it.suite.read(try it.room(1), .oldest)
        )
        #expect((small.messages.count, large.messages.count) == (7, 7))
        #expect((small.latest.offset, large.latest.offset) == (7, 14))
        // It is kept as before from then on.
        for _ in 0..<5 { _ = try await it.publish(in: 1) }
        #expect(try await it.suite.read(try it.room(1), .oldest).messages.count == 12)
    }

    /// Ids count, too.
    @Test func ids() async throws {
        let it = It(MemoryLimits())
        _ = try await it.publish(in: 0, id: "1")
        #expect(it.rooms.bytes == 1064 + MemoryLimits.idCost)
        it.time.advance(seconds: 301)
        it.rooms.expire()
        #expect(it.rooms.bytes == 1064)
        it.time.advance(seconds: 3600)
        it.rooms.expire()
        #expect((it.rooms.count, it.rooms.bytes) == (0, 0))
    }

    @Test func rooms() async throws {
        let it = It(MemoryLimits(maxRooms: 10))
        for number in 0..<10 { _ = try await it.publish(in: number) }
        for number in 0..<9 { try await it.suite.subscribe(try it.room(number)) }
        // One is idle, and makes room.
        _ = try await it.publish(in: 10)
        #expect(it.rooms.count == 10)
        #expect(try await it.suite.read(try it.room(9), .oldest).messages.isEmpty)
        try await it.suite.subscribe(try it.room(10))
        guard case .refused(let error) = try await it.publish(in: 11) else {
            Issue.record("there are more rooms than there may be")
            return
        }
        #expect(error.name == "too_many_rooms")
        let refusal = await #expect(throws: BrokerError.self) { try await it.suite.subscribe(try it.room(12)) }
        #expect(refusal.map { WireError($0).code } == .tooManyRooms)
        // Those that are there go on.
        #expect(try await it.publish(in: 3) == .stored(try await it.suite.read(try it.room(3), .oldest).position))
        it.suite.broker.unsubscribe(from: try it.room(5))
        it.time.advance(seconds: 1)
        guard case .stored = try await it.publish(in: 11) else {
            Issue.record("there is room again")
            return
        }
    }

    /// Whatever happens, and from how many threads: nothing is counted that is not there.
    @Test func counts() async throws {
        let it = It(MemoryLimits(maxRooms: 40, maxBytes: 30_000))
        await withTaskGroup(of: Void.self) { tasks in
            for seed in 1...4 as ClosedRange<UInt64> {
                tasks.addTask {
                    var random = Generator(seed: seed)
                    for _ in 0..<500 {
                        guard let room = try? it.room(random.below(60)) else { continue }
                        switch random.below(10) {
                        case 0: try? await it.suite.subscribe(room)
                        case 1: it.suite.broker.unsubscribe(from: room)
                        case 2: it.rooms.loseHistory(of: room)
                        case 3: it.rooms.expire()
                        case 4: it.time.advance(seconds: UInt64(random.below(600)))
                        default:
                            let text = String(repeating: "1", count: 1 + random.below(900))
                            let id = random.oneIn(2) ? "\(random.below(100))" : nil
                            _ = try? await it.suite.publish(text, in: room, id: id)
                        }
                    }
                }
            }
        }
        #expect(it.rooms.bytes <= 30_000)
        #expect(it.rooms.count <= 40)
        for number in 0..<60 { it.suite.broker.unsubscribe(from: try it.room(number)) }
        it.time.advance(seconds: 4000)
        it.rooms.expire()
        #expect((it.rooms.count, it.rooms.bytes) == (0, 0))
    }
}
