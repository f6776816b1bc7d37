import RealtimeCore
import TestSupport
import Testing

struct RoomTests {
    private let epoch = Epoch(random: 7)
    private let ann = MemberID.named("ann")

    private func room(_ settings: RoomSettings = RoomSettings()) -> Room<String, String> {
        Room(name: .named("lobby"), epoch: self.epoch, settings: settings)
    }

    private func position(_ offset: UInt64) -> Position { Position(epoch: self.epoch, offset: offset) }

    @Test func storedOnce() {
        var room = self.room()
        let id = MessageID.named("1")
        let first = room.publish("a", size: 1, id: id, author: self.ann, now: .start)
        let again = room.publish("b", size: 1, id: id, author: self.ann, now: .seconds(1))
        let other = room.publish("c", size: 1, id: id, author: .named("bob"), now: .seconds(1))
        let nameless = room.publish("d", size: 1, now: .seconds(1))
        #expect(first == .stored(self.position(1)))
        #expect(again == .repeated(self.position(1)))
        #expect(other == .stored(self.position(2)))
        #expect(nameless == .stored(self.position(3)))
        #expect(room.log.read(.oldest).messages.map(\.body) == ["a", "c", "d"])
    }

    /// A message that was too old to be kept still has its answer.
    @Test func answeredWhenGone() {
        var room = self.room(RoomSettings(log: LogLimits(maxCount: 1)))
        let id = MessageID.named("1")
        _ = room.publish("a", size: 1, id: id, now: .start)
        _ = room.publish("b", size: 1, now: .start)
        room.begin(Epoch(random: 8))
        let again = room.publish("a", size: 1, id: id, now: .start)
        #expect(again == .repeated(self.position(1)))
        let late = room.publish("a", size: 1, id: id, now: .seconds(300))
        #expect(late == .stored(Position(epoch: Epoch(random: 8), offset: 1)))
    }

    @Test func refused() {
        var room = self.room(RoomSettings(log: LogLimits(maxMessageSize: 10)))
        let id = MessageID.named("1")
        let tooBig = room.publish("a", size: 11, id: id, fingerprint: 1, now: .start)
        #expect(tooBig == .refused(RealtimeError(.messageTooBig(size: 11, limit: 10))))
        // a refusal is not remembered
        let smaller = room.publish("a", size: 10, id: id, fingerprint: 2, now: .start)
        #expect(smaller == .stored(self.position(1)))
        let otherBody = room.publish("a", size: 10, id: id, fingerprint: 3, now: .start)
        #expect(otherBody == .refused(RealtimeError(.otherBody)))
        // also what is too big by now is answered
        room.apply(RoomSettings(log: LogLimits(maxMessageSize: 1)), now: .start)
        let again = room.publish("a", size: 10, id: id, fingerprint: 2, now: .start)
        #expect(again == .repeated(self.position(1)))
        #expect(room.log.count == 1)
    }

    @Test func entered() throws {
        var room = self.room()
        for body in ["a", "b", "c"] { _ = room.publish(body, size: 1, now: .start) }
        let entry = try room.join(self.ann, info: "Ann", connection: ConnectionID(1), from: .latest(2), limit: 1)
        #expect(entry.change == .joined(Member(id: self.ann, info: "Ann")))
        #expect(entry.reading.messages.map(\.body) == ["b"])
        #expect(entry.reading.hasMore)
        #expect(entry.reading.latest == self.position(3))
        #expect(throws: RealtimeError(.otherMember)) {
            try room.join(.named("bob"), info: "", connection: ConnectionID(1), from: .oldest)
        }
        let left = room.leave(ConnectionID(1), now: .start)
        #expect(left == nil)
        let back = try room.join(
            self.ann, info: "Ann", connection: ConnectionID(2), from: .after(entry.reading.position), maxBytes: 0)
        #expect(back.change == nil)
        #expect(back.reading.messages.map(\.body) == ["c"])
        let removed = room.remove(self.ann)
        #expect(removed?.connections == [ConnectionID(2)])
    }

    @Test func nextDeadline() throws {
        var room = self.room(
            RoomSettings(
                log: LogLimits(maxAge: .seconds(30)), presence: PresenceLimits(grace: .seconds(10)),
                idempotency: IdempotencyLimits(maxAge: .seconds(20))))
        #expect(room.deadline == nil)
        #expect(room.isUnused)
        _ = room.publish("a", size: 1, id: .named("1"), now: .start)
        _ = try room.join(self.ann, info: "", connection: ConnectionID(1), from: .oldest)
        #expect(room.deadline == .seconds(20))
        _ = room.leave(ConnectionID(1), now: .start)
        #expect(room.deadline == .seconds(10))
        let left = room.expire(now: .seconds(10))
        #expect(left == [.left(Member(id: self.ann, info: ""))])
        #expect(room.deadline == .seconds(20))
        _ = room.expire(now: .seconds(20))
        #expect(room.idempotency.count == 0)
        #expect(room.deadline == .seconds(30))
        #expect(!room.isUnused)
        _ = room.expire(now: .seconds(30))
        #expect(room.deadline == nil)
        #expect(room.isUnused)
        #expect(room.log.latest == self.position(1))
    }

    @Test func otherSettings() {
        var room = self.room()
        #expect(room.settings == RoomSettings())
        for body in ["a", "b", "c"] { _ = room.publish(body, size: 1, id: .named(body), now: .start) }
        let settings = RoomSettings(
            log: LogLimits(maxCount: 1), presence: PresenceLimits(maxMembers: 0),
            idempotency: IdempotencyLimits(maxCount: 2))
        room.apply(settings, now: .start)
        #expect(room.settings == settings)
        #expect(room.log.count == 1)
        #expect(room.idempotency.count == 2)
        #expect(throws: RealtimeError(.presenceFull(limit: 0))) {
            try room.join(self.ann, info: "", connection: ConnectionID(1), from: .oldest)
        }
    }

    /// Readers that enter at any time, are delivered to from then on, break off, and come back where they were, with
    /// publishers that send everything twice: each reader gets each message once and in order, or is told about the gap.
    @Test(arguments: 0..<40 as Range<UInt64>) func noGapAndNoDouble(seed: UInt64) throws {
        struct Reader {
            var position: Position?
            var isLive = false
            var received: [Int] = []
        }
        var random = Generator(seed: seed)
        var room = Room<Int, String>(
            name: .named("lobby"), epoch: Epoch(random: random.next()),
            settings: RoomSettings(log: LogLimits(maxCount: 30)))
        var readers = Array(repeating: Reader(), count: 5)
        var published: [Int] = []
        for step in 0..<1000 {
            let context = "seed \(seed), step \(step)"
            let index = random.below(readers.count)
            switch random.below(6) {
            case 0 where !readers[index].isLive:
                let start = readers[index].position.map(ReadingStart.after) ?? .latest(0)
                var reading = try room.join(
                    .named("reader \(index)"), info: "", connection: ConnectionID(UInt64(index)), from: start, limit: 4
                ).reading
                if !reading.recovered || readers[index].position == nil {
                    readers[index].received = Array(published.prefix(Int(reading.start.offset)))
                }
                readers[index].received += reading.messages.map(\.body)
                while reading.hasMore {
                    reading = room.log.read(.after(reading.position), limit: 4)
                    try check(reading.recovered, context)
                    readers[index].received += reading.messages.map(\.body)
                }
                readers[index].position = reading.position
                readers[index].isLive = true
            case 1:
                _ = room.leave(ConnectionID(UInt64(index)), now: .start)
                readers[index].isLive = false
            default:
                let id = MessageID.named(String(step))
                guard case .stored(let position) = room.publish(step, size: 1, id: id, now: .start) else {
                    Issue.record("\(context)")
                    return
                }
                let repeated = room.publish(step, size: 1, id: id, now: .start)
                try check(repeated == .repeated(position), context)
                published.append(step)
                for index in readers.indices where readers[index].isLive {
                    readers[index].received.append(step)
                    readers[index].position = position
                }
            }
            for reader in readers where reader.isLive {
                try check(reader.received == published, context)
            }
        }
    }
}
