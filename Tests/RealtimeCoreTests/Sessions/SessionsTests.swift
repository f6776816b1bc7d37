import RealtimeCore
import Testing

/// The cases one by one; `Sessions+PropertyTests.swift` has all of them mixed.
struct SessionsTests {
    private let ann = MemberID.named("ann")
    private let bob = MemberID.named("bob")
    private let epoch = Epoch(random: 7)

    private func connection(_ number: UInt64) -> ConnectionID { ConnectionID(number) }

    @Test func opened() throws {
        var sessions = Sessions()
        let gone = try sessions.open(.number(1), identity: self.ann, transport: self.connection(1))
        #expect(gone == nil)
        let session = try #require(sessions[.number(1)])
        #expect(session.identity == self.ann)
        #expect(session.transport == .attached(self.connection(1)))
        #expect(session.rooms.isEmpty)
        #expect(sessions.session(of: self.connection(1)) == .number(1))
        #expect(sessions.sessions(of: self.ann) == [.number(1)])
        #expect(sessions.deadline == nil)
        #expect(throws: RealtimeError(.sessionExists)) {
            try sessions.open(.number(1), identity: self.ann, transport: self.connection(2))
        }
        #expect(throws: RealtimeError(.otherSession)) {
            try sessions.open(.number(2), identity: self.ann, transport: self.connection(1))
        }
        #expect(sessions.count == 1)
    }

    /// The same session goes on over another transport, with its rooms.
    @Test func continues() throws {
        var sessions = Sessions()
        let room = RoomName.named("lobby")
        let position = Position(epoch: self.epoch, offset: 9)
        _ = try sessions.open(.number(1), identity: self.ann, transport: self.connection(1))
        try sessions.join(room, at: position, .number(1))
        let detached = sessions.detach(self.connection(1), now: .seconds(5))
        #expect(detached == .number(1))
        #expect(sessions[.number(1)]?.transport == .detached(since: .seconds(5)))
        #expect(sessions.deadline == .seconds(125))
        let older = try sessions.attach(self.connection(2), to: .number(1), identity: self.ann)
        #expect(older == nil)
        #expect(sessions.deadline == nil)
        #expect(sessions[.number(1)]?.rooms == [room: position])
        #expect(sessions.session(of: self.connection(2)) == .number(1))
    }

    @Test func takesOver() throws {
        var sessions = Sessions()
        _ = try sessions.open(.number(1), identity: self.ann, transport: self.connection(1))
        let older = try sessions.attach(self.connection(2), to: .number(1), identity: self.ann)
        #expect(older == self.connection(1))
        // the older one goes later, and takes nothing with it
        let late = sessions.detach(self.connection(1), now: .start)
        #expect(late == nil)
        #expect(sessions[.number(1)]?.transport == .attached(self.connection(2)))
        let same = try sessions.attach(self.connection(2), to: .number(1), identity: self.ann)
        #expect(same == nil)
        let detached = sessions.detach(self.connection(2), now: .start)
        #expect(detached == .number(1))
    }

    @Test func notForOthers() throws {
        var sessions = Sessions()
        _ = try sessions.open(.number(1), identity: self.ann, transport: self.connection(1))
        _ = try sessions.open(.number(2), identity: self.bob, transport: self.connection(2))
        #expect(throws: RealtimeError(.unknownSession)) {
            try sessions.attach(self.connection(3), to: .number(1), identity: self.bob)
        }
        #expect(throws: RealtimeError(.unknownSession)) {
            try sessions.attach(self.connection(3), to: .number(3), identity: self.bob)
        }
        #expect(throws: RealtimeError(.otherSession)) {
            try sessions.attach(self.connection(2), to: .number(1), identity: self.ann)
        }
        #expect(sessions[.number(1)]?.transport == .attached(self.connection(1)))
    }

    @Test func expires() throws {
        var sessions = Sessions()
        for number in 1...3 as ClosedRange<UInt64> {
            _ = try sessions.open(.number(number), identity: self.ann, transport: self.connection(number))
        }
        sessions.detach(self.connection(2), now: .seconds(1))
        sessions.detach(self.connection(1), now: .seconds(2))
        let early = sessions.expire(now: Instant(nanoseconds: 120_999_999_999))
        #expect(early.isEmpty)
        let due = sessions.expire(now: .seconds(122))
        #expect(due.map(\.id) == [.number(2), .number(1)])
        #expect(throws: RealtimeError(.unknownSession)) {
            try sessions.attach(self.connection(4), to: .number(1), identity: self.ann)
        }
        #expect(sessions.sessions(of: self.ann) == [.number(3)])
        #expect(sessions.waitingCount == 0)
    }

    @Test func ended() throws {
        var sessions = Sessions()
        _ = try sessions.open(.number(1), identity: self.ann, transport: self.connection(1))
        let session = sessions.end(.number(1))
        #expect(session?.id == .number(1))
        #expect(sessions.count == 0)
        #expect(sessions.sessions(of: self.ann).isEmpty)
        #expect(sessions.session(of: self.connection(1)) == nil)
        let late = sessions.detach(self.connection(1), now: .start)
        let again = sessions.end(.number(1))
        #expect(late == nil)
        #expect(again == nil)
    }

    /// Whoever loads a page again and again gets in; the one that has waited for longest goes.
    @Test func tooManyOfIdentity() throws {
        var sessions = Sessions(limits: SessionLimits(maxPerIdentity: 2))
        for number in 1...2 as ClosedRange<UInt64> {
            _ = try sessions.open(.number(number), identity: self.ann, transport: self.connection(number))
        }
        #expect(throws: RealtimeError(.tooManySessionsOfIdentity(limit: 2))) {
            try sessions.open(.number(3), identity: self.ann, transport: self.connection(3))
        }
        _ = try sessions.open(.number(4), identity: self.bob, transport: self.connection(4))
        sessions.detach(self.connection(4), now: .seconds(1))
        sessions.detach(self.connection(2), now: .seconds(2))
        sessions.detach(self.connection(1), now: .seconds(3))
        let gone = try sessions.open(.number(3), identity: self.ann, transport: self.connection(3))
        #expect(gone?.id == .number(2))
        #expect(sessions.sessions(of: self.ann) == [.number(1), .number(3)])
    }

    @Test func tooManyInAll() throws {
        var sessions = Sessions(limits: SessionLimits(maxSessions: 2))
        _ = try sessions.open(.number(1), identity: self.ann, transport: self.connection(1))
        _ = try sessions.open(.number(2), identity: self.bob, transport: self.connection(2))
        #expect(throws: RealtimeError(.tooManySessions(limit: 2))) {
            try sessions.open(.number(3), identity: self.ann, transport: self.connection(3))
        }
        sessions.detach(self.connection(2), now: .start)
        let gone = try sessions.open(.number(3), identity: self.ann, transport: self.connection(3))
        #expect(gone?.id == .number(2))
        #expect(sessions.count == 2)
    }

    @Test func defaults() {
        let limits = SessionLimits()
        #expect(
            limits
                == SessionLimits(maxSessions: 100_000, maxPerIdentity: 64, maxRooms: 256, expiry: .seconds(120)))
    }
}
