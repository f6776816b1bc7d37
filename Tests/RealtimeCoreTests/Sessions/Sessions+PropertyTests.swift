import RealtimeCore
import TestSupport
import Testing

/// The sessions in the plainest way: a list in the order in which they were made.
private struct NaiveSessions {
    struct Record: Equatable {
        let id: SessionID
        let identity: MemberID
        var transport: ConnectionID?
        var since = Instant.start
        /// The order of detaching, where times are the same.
        var turn = 0
        var rooms: [RoomName: Position] = [:]
    }

    var limits: SessionLimits
    var records: [Record] = []
    /// The latest time that was passed.
    var now = Instant.start
    var turns = 0

    func index(_ id: SessionID) -> Int? { self.records.firstIndex { $0.id == id } }
    func index(carriedBy transport: ConnectionID) -> Int? { self.records.firstIndex { $0.transport == transport } }

    /// Nil: refused. A list: who had to go.
    mutating func open(_ id: SessionID, _ identity: MemberID, _ transport: ConnectionID) -> [Record]? {
        guard self.index(id) == nil, self.index(carriedBy: transport) == nil else { return nil }
        let siblings = self.records.filter { $0.identity == identity }
        var candidates: [Record]?
        if siblings.count >= self.limits.maxPerIdentity {
            candidates = siblings
        } else if self.records.count >= self.limits.maxSessions {
            candidates = self.records
        }
        var gone: [Record] = []
        if let candidates {
            let waiting = candidates.filter { $0.transport == nil }
            // Of the same identity the older one goes if both have waited since the same time.
            let isOfIdentity = siblings.count >= self.limits.maxPerIdentity
            guard
                let longest = waiting.min(by: { isOfIdentity ? $0.since < $1.since : $0.turn < $1.turn })
            else { return nil }
            gone = [longest]
            self.records.removeAll { $0.id == longest.id }
        }
        self.records.append(Record(id: id, identity: identity, transport: transport))
        return gone
    }

    /// Nil: refused. A list: the older transport.
    mutating func attach(_ transport: ConnectionID, _ id: SessionID, _ identity: MemberID) -> [ConnectionID]? {
        guard let index = self.index(id), self.records[index].identity == identity else { return nil }
        if let carried = self.index(carriedBy: transport) { return carried == index ? [] : nil }
        defer { self.records[index].transport = transport }
        return self.records[index].transport.map { [$0] } ?? []
    }

    mutating func detach(_ transport: ConnectionID, now: Instant) -> SessionID? {
        self.now = max(self.now, now)
        guard let index = self.index(carriedBy: transport) else { return nil }
        self.turns += 1
        self.records[index].transport = nil
        self.records[index].since = self.now
        self.records[index].turn = self.turns
        return self.records[index].id
    }

    mutating func expire(now: Instant) -> [Record] {
        self.now = max(self.now, now)
        let due = self.records.filter { $0.transport == nil && $0.since.duration(to: self.now) >= self.limits.expiry }
        self.records.removeAll { due.contains($0) }
        return due.sorted { $0.turn < $1.turn }
    }

    var deadline: Instant? {
        let waiting = self.records.filter { $0.transport == nil }
        return waiting.map(\.since).min().map { $0.advanced(by: self.limits.expiry) }
    }
}

struct SessionsPropertyTests {
    private static let identities = ["ann", "bob", "eve"].map(MemberID.named)
    private static let rooms = (0..<4).map { RoomName.named("room \($0)") }

    private static func limits(_ random: inout Generator) -> SessionLimits {
        SessionLimits(
            maxSessions: random.pick([0, 3, 6, 100]), maxPerIdentity: random.pick([0, 1, 3, 100]),
            maxRooms: random.pick([0, 2, 3, 100]), expiry: random.pick([.zero, .seconds(3), .seconds(50)]))
    }

    @Test(arguments: 0..<30 as Range<UInt64>) func likeTheNaiveOne(seed: UInt64) throws {
        var random = Generator(seed: seed)
        let limits = Self.limits(&random)
        var naive = NaiveSessions(limits: limits)
        var sessions = Sessions(limits: limits)
        var clock = Instant.start
        for step in 0..<600 {
            let context = "seed \(seed), step \(step)"
            clock = clock.advanced(
                by: random.oneIn(3) ? .milliseconds(random.below(3000)) : .nanoseconds(random.below(2)))
            let now = random.reading(clock)
            let id = SessionID.number(UInt64(random.below(10)))
            let identity = random.pick(Self.identities)
            let transport = ConnectionID(UInt64(random.below(12)))
            switch random.below(40) {
            case 0:
                naive.limits = Self.limits(&random)
                sessions.apply(naive.limits)
            case 1, 2:
                let index = naive.index(id)
                let expected = index.map { naive.records.remove(at: $0) }
                let ended = sessions.end(id)
                try Self.expectSame(ended, expected, context)
            case 3...9:
                let expected = naive.open(id, identity, transport)
                let gone = Result { try sessions.open(id, identity: identity, transport: transport) }
                switch gone {
                case .success(let gone):
                    try check(expected != nil, context)
                    try Self.expectSame(gone, expected?.first, context)
                case .failure: try check(expected == nil, context)
                }
            case 10...16:
                let expected = naive.attach(transport, id, identity)
                let older = Result { try sessions.attach(transport, to: id, identity: identity) }
                switch older {
                case .success(let older): try check(older.map { [$0] } ?? [] == expected, context)
                case .failure: try check(expected == nil, context)
                }
            case 17...22:
                let expected = naive.detach(transport, now: now)
                let detached = sessions.detach(transport, now: now)
                try check(detached == expected, context)
            case 23...26:
                let expected = naive.expire(now: now)
                let ended = sessions.expire(now: now)
                try check(ended.map(\.id) == expected.map(\.id), context)
                for (ended, expected) in zip(ended, expected) { try Self.expectSame(ended, expected, context) }
            default:
                try Self.moveAbout(id, &naive, &sessions, &random, context)
            }
            try Self.expectSame(sessions, naive, context)
        }
    }

    private static func moveAbout(
        _ id: SessionID, _ naive: inout NaiveSessions, _ sessions: inout Sessions, _ random: inout Generator,
        _ context: String
    ) throws {
        let room = random.pick(Self.rooms)
        let position = Position(epoch: Epoch(random: UInt64(random.below(2))), offset: UInt64(random.below(5)))
        let index = naive.index(id)
        let old = index.flatMap { naive.records[$0].rooms[room] }
        switch random.below(4) {
        case 0, 1:
            let isRefused =
                index.map { old == nil && naive.records[$0].rooms.count >= naive.limits.maxRooms } ?? true
            if let index, !isRefused { naive.records[index].rooms[room] = position }
            let joined: Void? = try? sessions.join(room, at: position, id)
            try check((joined == nil) == isRefused, context)
        case 2:
            let isTaken = old.map { $0.epoch != position.epoch || $0.offset < position.offset } ?? false
            if let index, isTaken { naive.records[index].rooms[room] = position }
            let advanced = sessions.advance(room, to: position, id)
            try check(advanced == isTaken, context)
        default:
            if let index { naive.records[index].rooms[room] = nil }
            let left = sessions.leave(room, id)
            try check(left == old, context)
        }
    }

    private static func expectSame(_ session: Session?, _ record: NaiveSessions.Record?, _ context: String) throws {
        try check(session?.id == record?.id, context)
        try check(session?.identity == record?.identity, context)
        try check(session?.rooms == record?.rooms, context)
        let transport = record.map { record in
            record.transport.map(Session.Transport.attached) ?? .detached(since: record.since)
        }
        try check(session?.transport == transport, context)
    }

    private static func expectSame(_ sessions: Sessions, _ naive: NaiveSessions, _ context: String) throws {
        try check(sessions.count == naive.records.count, context)
        try check(sessions.waitingCount == naive.records.count { $0.transport == nil }, context)
        try check(sessions.deadline == naive.deadline, context)
        for number in 0..<10 as Range<UInt64> {
            let id = SessionID.number(number)
            try Self.expectSame(sessions[id], naive.index(id).map { naive.records[$0] }, context)
        }
        for number in 0..<12 as Range<UInt64> {
            let carried = naive.index(carriedBy: ConnectionID(number)).map { naive.records[$0].id }
            try check(sessions.session(of: ConnectionID(number)) == carried, context)
        }
        for identity in Self.identities {
            let siblings = naive.records.filter { $0.identity == identity }.map(\.id)
            try check(sessions.sessions(of: identity) == siblings, context)
        }
    }
}
