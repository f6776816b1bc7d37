import RealtimeCore
import Testing

/// The cases one by one; `RoomLog+PropertyTests.swift` has all of them mixed.
struct RoomLogTests {
    private let epoch = Epoch(random: 7)
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func log(_ count: Int, _ limits: LogLimits = LogLimits()) throws -> RoomLog<Int> {
        var log = RoomLog<Int>(epoch: self.epoch, limits: limits)
        for number in 0..<count { try log.append(number + 1, size: 10, now: self.start) }
        return log
    }

    private func position(_ offset: UInt64) -> Position { Position(epoch: self.epoch, offset: offset) }

    @Test func offsetsBeginWithOne() throws {
        var log = try self.log(0)
        #expect(log.latest == self.position(0))
        #expect(log.next == self.position(1))
        let first = try log.append(1, size: 0, now: self.start)
        #expect(first == self.position(1))
        #expect(log.latest == first)
        #expect(log.earliest == self.position(0))
    }

    @Test func emptyLog() throws {
        let log = try self.log(0)
        for start in [.oldest, .latest(0), .latest(5), .after(self.position(0))] as [ReadingStart] {
            let reading = log.read(start)
            #expect(reading.messages.isEmpty)
            #expect(reading.recovered)
            #expect(!reading.hasMore)
            #expect(reading.position == self.position(0))
        }
    }

    /// Three are kept: 3, 4 and 5.
    @Test(
        arguments: [
            (0, false, 2, [3, 4, 5]), (1, false, 2, [3, 4, 5]), (2, true, 2, [3, 4, 5]), (3, true, 3, [4, 5]),
            (4, true, 4, [5]),
            (5, true, 5, []), (6, false, 2, [3, 4, 5]), (.max, false, 2, [3, 4, 5]),
        ] as [(UInt64, Bool, UInt64, [Int])])
    func edges(after: UInt64, recovered: Bool, start: UInt64, bodies: [Int]) throws {
        let reading = try self.log(5, LogLimits(maxCount: 3)).read(.after(self.position(after)))
        #expect(reading.recovered == recovered)
        #expect(reading.start == self.position(start))
        #expect(reading.messages.map(\.body) == bodies)
        #expect(reading.messages.map(\.offset) == bodies.map(UInt64.init))
        #expect(reading.position == self.position(5))
        #expect(!reading.hasMore)
    }

    /// Even offset 0: there may have been messages in that epoch.
    @Test(arguments: [0, 2, 5] as [UInt64]) func otherEpoch(offset: UInt64) throws {
        let reading = try self.log(5).read(.after(Position(epoch: Epoch(random: 8), offset: offset)))
        #expect(!reading.recovered)
        #expect(reading.start == self.position(0))
        #expect(reading.messages.map(\.body) == [1, 2, 3, 4, 5])
    }

    @Test func newestOnes() throws {
        let log = try self.log(5)
        #expect(log.read(.latest(2)).messages.map(\.body) == [4, 5])
        #expect(log.read(.latest(2)).start == self.position(3))
        #expect(log.read(.latest(9)).messages.map(\.body) == [1, 2, 3, 4, 5])
        #expect(log.read(.latest(-1)).messages.isEmpty)
        #expect(log.read(.latest(0)).position == self.position(5))
        #expect(log.read(.latest(3), limit: 2).messages.map(\.body) == [3, 4])
    }

    @Test func inPieces() throws {
        let log = try self.log(5)
        let first = log.read(.oldest, limit: 2)
        #expect(first.messages.map(\.body) == [1, 2])
        #expect(first.hasMore)
        #expect(first.latest == self.position(5))
        let second = log.read(.after(first.position), limit: 3)
        #expect(second.messages.map(\.body) == [3, 4, 5])
        #expect(!second.hasMore)
        #expect(log.read(.oldest, limit: 0).messages.isEmpty)
        #expect(log.read(.oldest, limit: -1).position == self.position(0))
    }

    /// Each counts for 10 and 64 bytes.
    @Test(arguments: [(0, 1), (74, 1), (147, 1), (148, 2), (369, 4), (370, 5), (Int.max, 5)])
    func byBytes(maxBytes: Int, count: Int) throws {
        #expect(try self.log(5).read(.oldest, maxBytes: maxBytes).messages.count == count)
    }

    @Test func emptiedByAge() throws {
        var log = try self.log(3, LogLimits(maxAge: .seconds(10)))
        #expect(log.deadline == self.start.advanced(by: .seconds(10)))
        log.trim(now: self.start.advanced(by: .nanoseconds(9_999_999_999)))
        #expect(log.count == 3)
        log.trim(now: self.start.advanced(by: .seconds(10)))
        #expect(log.isEmpty)
        #expect(log.bytes == 0)
        #expect(log.deadline == nil)
        #expect(log.read(.after(self.position(3))).recovered)
        let missed = log.read(.after(self.position(2)))
        #expect(!missed.recovered)
        #expect(missed.start == self.position(3))
        let next = try log.append(4, size: 10, now: self.start.advanced(by: .seconds(11)))
        #expect(next == self.position(4))
        #expect(log.read(.after(self.position(3))).messages.map(\.body) == [4])
    }

    @Test func tooBig() throws {
        var log = try self.log(1, LogLimits(maxBytes: 1000, maxMessageSize: 900))
        #expect(throws: RealtimeError(.messageTooBig(size: 901, limit: 900))) {
            try log.append(2, size: 901, now: self.start)
        }
        #expect(log.latest == self.position(1))
        // one of 900 and its overhead leave no room for the first
        try log.append(2, size: 900, now: self.start)
        #expect(log.read(.oldest).messages.map(\.body) == [2])
        log.apply(LogLimits(maxBytes: 963, maxMessageSize: 900), now: self.start)
        #expect(log.isEmpty)
        #expect(throws: RealtimeError(.messageTooBig(size: 900, limit: 899))) {
            try log.append(3, size: 900, now: self.start)
        }
        try log.append(3, size: 899, now: self.start)
        #expect(log.latest == self.position(3))
        #expect(log.count == 1)
    }

    @Test func keysCount() throws {
        var log = try self.log(0, LogLimits(maxBytes: 100))
        let key = try MessageKey("courier")
        #expect(throws: RealtimeError(.messageTooBig(size: 30, limit: 29))) {
            try log.append(1, size: 30, key: key, now: self.start)
        }
        try log.append(1, size: 29, key: key, now: self.start)
        #expect(log.bytes == 100)
    }

    @Test func limitsAreLowered() throws {
        var log = try self.log(10)
        log.apply(LogLimits(maxCount: 4), now: self.start)
        #expect(log.earliest == self.position(6))
        log.apply(LogLimits(maxBytes: 74 * 2), now: self.start)
        #expect(log.earliest == self.position(8))
        // less than one counts as one
        log.apply(LogLimits(maxCount: 0), now: self.start)
        #expect(log.earliest == self.position(9))
        log.apply(LogLimits(), now: self.start)
        #expect(log.earliest == self.position(9))
    }

    @Test func clockThatGoesBack() throws {
        var log = RoomLog<Int>(epoch: self.epoch, limits: LogLimits(maxAge: .seconds(10)))
        try log.append(1, size: 0, now: self.start.advanced(by: .seconds(5)))
        try log.append(2, size: 0, now: self.start)
        #expect(
            log.read(.oldest).messages.map(\.time) == Array(repeating: self.start.advanced(by: .seconds(5)), count: 2))
    }

    @Test func newEpoch() throws {
        var log = try self.log(5)
        let old = log.latest
        log.begin(Epoch(random: 8))
        #expect(log.isEmpty)
        #expect(log.bytes == 0)
        let first = try log.append(6, size: 1, now: self.start)
        #expect(first == Position(epoch: Epoch(random: 8), offset: 1))
        #expect(!log.read(.after(old)).recovered)
    }

    /// A reading that is still held does not change, and the log goes on.
    @Test func readingIsApart() throws {
        var log = try self.log(3, LogLimits(maxCount: 3))
        let reading = log.read(.oldest)
        try log.append(4, size: 10, now: self.start)
        #expect(reading.messages.map(\.body) == [1, 2, 3])
        #expect(log.read(.oldest).messages.map(\.body) == [2, 3, 4])
    }
}
