import RealtimeCore
import TestSupport
import Testing

/// What a log should do, in the plainest way: everything that was ever stored stays in a list.
private struct NaiveLog {
    struct Record {
        var message: RoomMessage<Int>
        var isGone = false
    }

    var epoch: Epoch
    var limits: LogLimits
    var records: [Record] = []
    /// The latest time that was passed.
    var now = Instant.start

    /// All keys here have five bytes.
    static func cost(_ message: RoomMessage<Int>) -> Int { message.size + 64 + (message.key == nil ? 0 : 5) }

    var kept: [RoomMessage<Int>] { self.records.filter { !$0.isGone }.map(\.message) }

    mutating func append(_ body: Int, size: Int, key: MessageKey?, now: Instant) -> Position? {
        guard size <= self.limits.maxMessageSize,
            size + LogLimits.overhead + (key == nil ? 0 : 5) <= self.limits.maxBytes
        else { return nil }
        let offset = UInt64(self.records.count + 1)
        self.records.append(
            Record(message: RoomMessage(offset: offset, time: max(self.now, now), key: key, size: size, body: body)))
        self.trim(now: now)
        return Position(epoch: self.epoch, offset: offset)
    }

    /// One is gone if it and all behind it are too many, too large, or if it is too old.
    mutating func trim(now: Instant) {
        self.now = max(self.now, now)
        for index in self.records.indices where !self.records[index].isGone {
            let behind = self.records[index...].map(\.message)
            let bytes = behind.reduce(0) { $0 + Self.cost($1) }
            let age = behind[0].time.duration(to: self.now)
            self.records[index].isGone =
                behind.count > max(1, self.limits.maxCount) || bytes > self.limits.maxBytes
                || age >= self.limits.maxAge
        }
    }

    mutating func begin(_ epoch: Epoch) {
        self.epoch = epoch
        self.records = []
    }

    func expectSame(
        _ reading: Reading<Int>, _ start: ReadingStart, limit: Int, maxBytes: Int, _ context: String
    ) throws {
        let kept = self.kept
        let last = UInt64(self.records.count)
        let before = kept.first.map { $0.offset - 1 } ?? last
        var from = before
        var recovered = true
        switch start {
        case .oldest: break
        case .latest(let count): from = kept.suffix(count).first.map { $0.offset - 1 } ?? last
        case .after(let position):
            let missing = self.records.contains { $0.isGone && $0.message.offset > position.offset }
            recovered = position.epoch == self.epoch && position.offset <= last && !missing
            if recovered { from = position.offset }
        }
        var expected: [RoomMessage<Int>] = []
        var bytes = 0
        for message in kept where message.offset > from && expected.count < limit {
            bytes += Self.cost(message)
            if bytes > maxBytes && !expected.isEmpty { break }
            expected.append(message)
        }
        let position = expected.last?.offset ?? from
        try check(reading.messages == expected, context)
        try check(reading.recovered == recovered, context)
        try check(reading.start == Position(epoch: self.epoch, offset: from), context)
        try check(reading.position == Position(epoch: self.epoch, offset: position), context)
        try check(reading.latest == Position(epoch: self.epoch, offset: last), context)
        try check(reading.hasMore == (position < last), context)
    }
}

struct RoomLogPropertyTests {
    private static func limits(_ random: inout Generator) -> LogLimits {
        LogLimits(
            maxCount: random.pick([0, 1, 2, 5, 20, 1000]), maxBytes: random.pick([0, 64, 100, 300, 1000, 100_000]),
            maxAge: random.pick([.zero, .nanoseconds(1), .seconds(3), .seconds(30), .seconds(100_000)]),
            maxMessageSize: random.pick([0, 50, 200, 1000]))
    }

    private static func start(_ random: inout Generator, _ log: NaiveLog, _ epochs: [Epoch]) -> ReadingStart {
        switch random.below(8) {
        case 0: .oldest
        case 1: .latest(random.below(8))
        default:
            .after(
                Position(
                    epoch: random.oneIn(6) ? random.pick(epochs) : log.epoch,
                    offset: random.oneIn(20)
                        ? random.next()
                        : UInt64(max(0, log.records.count + 3 - random.below(random.pick([8, 40]))))))
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func likeTheNaiveOne(seed: UInt64) throws {
        var random = Generator(seed: seed)
        var epochs = [Epoch(random: random.next())]
        let limits = Self.limits(&random)
        var naive = NaiveLog(epoch: epochs[0], limits: limits)
        var log = RoomLog<Int>(epoch: epochs[0], limits: limits)
        let keys = try (0..<4).map { number throws(RealtimeError) in try MessageKey("key \(number)") }
        var clock = Instant.start
        for step in 0..<500 {
            let context = "seed \(seed), step \(step)"
            clock = clock.advanced(
                by: random.oneIn(4) ? .milliseconds(random.below(5000)) : .nanoseconds(random.below(2)))
            let now = random.reading(clock)
            switch random.below(20) {
            case 0:
                naive.limits = Self.limits(&random)
                naive.trim(now: now)
                log.apply(naive.limits, now: now)
            case 1 where random.oneIn(3):
                epochs.append(Epoch(random: random.next()))
                naive.begin(epochs[epochs.count - 1])
                log.begin(naive.epoch)
            case 2, 3:
                naive.trim(now: now)
                log.trim(now: now)
            default:
                let size = random.below(random.pick([1, 60, 300]))
                let key = random.oneIn(2) ? random.pick(keys) : nil
                let expected = naive.append(step, size: size, key: key, now: now)
                let position = try? log.append(step, size: size, key: key, now: now)
                try check(position == expected, context)
            }
            let kept = naive.kept
            try check(log.count == kept.count, context)
            try check(log.bytes == kept.reduce(0) { $0 + NaiveLog.cost($1) }, context)
            try check(log.deadline == kept.first.map { $0.time.advanced(by: naive.limits.maxAge) }, context)
            for _ in 0..<2 {
                let start = Self.start(&random, naive, epochs)
                let limit = random.pick([0, 1, 3, .max])
                let maxBytes = random.pick([0, 64, 200, 1000, .max])
                let reading = log.read(start, limit: limit, maxBytes: maxBytes)
                try naive.expectSame(reading, start, limit: limit, maxBytes: maxBytes, context)
            }
        }
    }

    /// A reader that comes now and then gets each message once and in order, or is told that it does not.
    @Test(arguments: 0..<40 as Range<UInt64>) func nothingLostInSilence(seed: UInt64) throws {
        var random = Generator(seed: seed)
        var log = RoomLog<UInt64>(epoch: Epoch(random: random.next()), limits: LogLimits(maxCount: 12))
        var position = log.latest
        var published: UInt64 = 0
        var expected: UInt64 = 1
        for step in 0..<1000 {
            if random.oneIn(100) {
                log.begin(Epoch(random: random.next()))
            }
            for _ in 0..<random.below(4) {
                published += 1
                try log.append(published, size: 1, now: .start)
            }
            guard random.oneIn(3) else { continue }
            let reading = log.read(.after(position), limit: 1 + random.below(20))
            if !reading.recovered {
                expected = reading.messages.first?.body ?? published + 1
            }
            for message in reading.messages {
                try check(message.body == expected, "seed \(seed), step \(step)")
                expected += 1
            }
            position = reading.position
        }
    }
}
