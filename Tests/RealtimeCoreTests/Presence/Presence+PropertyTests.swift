import RealtimeCore
import TestSupport
import Testing

/// Who is there, in the plainest way: a list of members, each with a list of connections.
private struct NaivePresence {
    struct Record {
        var member: Member<Int>
        var connections: Set<ConnectionID> = []
        var awaySince: Instant?
    }

    var limits: PresenceLimits
    var records: [Record] = []
    /// The latest time that was passed.
    var now = Instant.start

    mutating func join(_ id: MemberID, _ info: Int, _ connection: ConnectionID) -> [PresenceChange<Int>]? {
        guard !self.records.contains(where: { $0.member.id != id && $0.connections.contains(connection) }) else {
            return nil
        }
        let member = Member(id: id, info: info)
        guard let index = self.records.firstIndex(where: { $0.member.id == id }) else {
            guard self.records.count < self.limits.maxMembers else { return nil }
            self.records.append(Record(member: member, connections: [connection]))
            return [.joined(member)]
        }
        self.records[index].connections.insert(connection)
        self.records[index].awaySince = nil
        defer { self.records[index].member = member }
        return self.records[index].member.info == info ? [] : [.updated(member)]
    }

    mutating func leave(_ connection: ConnectionID, now: Instant) -> [PresenceChange<Int>] {
        self.now = max(self.now, now)
        for index in self.records.indices where self.records[index].connections.contains(connection) {
            self.records[index].connections.remove(connection)
            guard self.records[index].connections.isEmpty else { return [] }
            self.records[index].awaySince = self.now
            return self.limits.grace == .zero ? [.left(self.records.remove(at: index).member)] : []
        }
        return []
    }

    /// Those who left together may be told in any order.
    mutating func expire(now: Instant) -> [PresenceChange<Int>] {
        self.now = max(self.now, now)
        let due = self.records.filter { record in
            record.awaySince.map { $0.duration(to: self.now) >= self.limits.grace } ?? false
        }
        self.records.removeAll { record in due.contains { $0.member.id == record.member.id } }
        return due.map { .left($0.member) }
    }

    var deadline: Instant? {
        self.records.compactMap(\.awaySince).min().map { $0.advanced(by: self.limits.grace) }
    }
}

struct PresencePropertyTests {
    private static func limits(_ random: inout Generator) -> PresenceLimits {
        PresenceLimits(
            maxMembers: random.pick([0, 2, 5, 100]),
            grace: random.pick([.zero, .nanoseconds(1), .seconds(5), .seconds(50)]))
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func likeTheNaiveOne(seed: UInt64) throws {
        var random = Generator(seed: seed)
        let limits = Self.limits(&random)
        var naive = NaivePresence(limits: limits)
        var presence = Presence<Int>(limits: limits)
        let ids = (0..<8).map { MemberID.named("member \($0)") }
        /// What somebody who is only told the changes believes.
        var told: [MemberID: Int] = [:]
        var clock = Instant.start
        for step in 0..<800 {
            let context = "seed \(seed), step \(step)"
            clock = clock.advanced(
                by: random.oneIn(3) ? .milliseconds(random.below(4000)) : .nanoseconds(random.below(2)))
            let now = random.reading(clock)
            let connection = ConnectionID(UInt64(random.below(12)))
            var expected: [PresenceChange<Int>]? = []
            var changes: [PresenceChange<Int>]? = []
            switch random.below(40) {
            case 0:
                naive.limits = Self.limits(&random)
                presence.apply(naive.limits)
            case 1:
                let id = random.pick(ids)
                let record = naive.records.first { $0.member.id == id }
                naive.records.removeAll { $0.member.id == id }
                let removed = presence.remove(id)
                try check(removed?.connections == record?.connections.sorted(), context)
                expected = record.map { [.left($0.member)] } ?? []
                changes = removed.map { [$0.change] } ?? []
            case 2...17:
                let (id, info) = (random.pick(ids), random.oneIn(4) ? random.below(3) : 0)
                expected = naive.join(id, info, connection)
                changes = try? presence.join(id, info: info, connection: connection).map { [$0] } ?? []
            case 18...33:
                expected = naive.leave(connection, now: now)
                changes = presence.leave(connection, now: now).map { [$0] } ?? []
            default:
                expected = naive.expire(now: now)
                changes = presence.expire(now: now)
            }
            try Self.expectSame(changes, expected, context)
            try Self.tell(changes ?? [], &told, context)
            try check(presence.members() == naive.records.map(\.member), context)
            try check(presence.count == naive.records.count, context)
            try check(presence.connectionCount == naive.records.reduce(0) { $0 + $1.connections.count }, context)
            try check(presence.deadline == naive.deadline, context)
            let there = Dictionary(uniqueKeysWithValues: naive.records.map { ($0.member.id, $0.member.info) })
            try check(told == there, context)
        }
    }

    private static func expectSame(
        _ changes: [PresenceChange<Int>]?, _ expected: [PresenceChange<Int>]?, _ context: String
    ) throws {
        try check((changes == nil) == (expected == nil), context)
        let (changes, expected) = (changes ?? [], expected ?? [])
        try check(changes.count == expected.count, context)
        for change in changes {
            try check(expected.contains(change), context)
        }
    }

    /// Join and leave take turns for each member.
    private static func tell(_ changes: [PresenceChange<Int>], _ told: inout [MemberID: Int], _ context: String) throws
    {
        for change in changes {
            switch change {
            case .joined(let member):
                try check(told.updateValue(member.info, forKey: member.id) == nil, context)
            case .updated(let member):
                try check(told.updateValue(member.info, forKey: member.id) != nil, context)
            case .left(let member):
                try check(told.removeValue(forKey: member.id) == member.info, context)
            }
        }
    }
}
