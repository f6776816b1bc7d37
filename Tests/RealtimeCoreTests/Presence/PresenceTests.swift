import RealtimeCore
import Testing

/// The cases one by one; `Presence+PropertyTests.swift` has all of them mixed.
struct PresenceTests {
    private let ann = MemberID.named("ann")
    private let bob = MemberID.named("bob")

    private func member(_ id: MemberID, _ info: String = "x") -> Member<String> { Member(id: id, info: info) }

    private func presence(grace: Duration = .seconds(10), maxMembers: Int = 100) -> Presence<String> {
        Presence(limits: PresenceLimits(maxMembers: maxMembers, grace: grace))
    }

    @Test func joinsOnce() throws {
        var presence = self.presence()
        let first = try presence.join(self.ann, info: "x", connection: ConnectionID(1))
        let second = try presence.join(self.ann, info: "x", connection: ConnectionID(2))
        let again = try presence.join(self.ann, info: "x", connection: ConnectionID(2))
        #expect(first == .joined(self.member(self.ann)))
        #expect(second == nil)
        #expect(again == nil)
        #expect(presence.count == 1)
        #expect(presence.connectionCount == 2)
        #expect(presence.member(of: ConnectionID(2)) == self.ann)
        #expect(presence.member(of: ConnectionID(3)) == nil)
    }

    @Test func leavesOnce() throws {
        var presence = self.presence()
        _ = try presence.join(self.ann, info: "x", connection: ConnectionID(1))
        _ = try presence.join(self.ann, info: "x", connection: ConnectionID(2))
        let one = presence.leave(ConnectionID(1), now: .seconds(1))
        #expect(one == nil)
        #expect(presence.deadline == nil)
        let other = presence.leave(ConnectionID(2), now: .seconds(2))
        let twice = presence.leave(ConnectionID(2), now: .seconds(3))
        #expect(other == nil)
        #expect(twice == nil)
        #expect(presence.deadline == .seconds(12))
        #expect(presence.count == 1)
        let early = presence.expire(now: Instant(nanoseconds: 11_999_999_999))
        let due = presence.expire(now: .seconds(12))
        let late = presence.expire(now: .seconds(13))
        #expect(early.isEmpty)
        #expect(due == [.left(self.member(self.ann))])
        #expect(late.isEmpty)
        #expect(presence.count == 0)
        #expect(presence.deadline == nil)
    }

    @Test func returnsInTime() throws {
        var presence = self.presence()
        _ = try presence.join(self.ann, info: "x", connection: ConnectionID(1))
        _ = presence.leave(ConnectionID(1), now: .seconds(1))
        let back = try presence.join(self.ann, info: "x", connection: ConnectionID(2))
        #expect(back == nil)
        #expect(presence.deadline == nil)
        // the period begins anew
        _ = presence.leave(ConnectionID(2), now: .seconds(9))
        let early = presence.expire(now: .seconds(18))
        let due = presence.expire(now: .seconds(19))
        #expect(early.isEmpty)
        #expect(due == [.left(self.member(self.ann))])
        let anew = try presence.join(self.ann, info: "x", connection: ConnectionID(3))
        #expect(anew == .joined(self.member(self.ann)))
    }

    @Test func anotherInfo() throws {
        var presence = self.presence()
        _ = try presence.join(self.ann, info: "x", connection: ConnectionID(1))
        let same = try presence.join(self.ann, info: "y", connection: ConnectionID(1))
        let other = try presence.join(self.ann, info: "z", connection: ConnectionID(2))
        #expect(same == .updated(self.member(self.ann, "y")))
        #expect(other == .updated(self.member(self.ann, "z")))
        _ = presence.leave(ConnectionID(1), now: .start)
        _ = presence.leave(ConnectionID(2), now: .start)
        let back = try presence.join(self.ann, info: "w", connection: ConnectionID(3))
        #expect(back == .updated(self.member(self.ann, "w")))
        #expect(presence[self.ann] == self.member(self.ann, "w"))
        #expect(presence[self.bob] == nil)
    }

    @Test func withoutGrace() throws {
        var presence = self.presence(grace: .zero)
        _ = try presence.join(self.ann, info: "x", connection: ConnectionID(1))
        let left = presence.leave(ConnectionID(1), now: .start)
        #expect(left == .left(self.member(self.ann)))
        #expect(presence.count == 0)
    }

    @Test func full() throws {
        var presence = self.presence(maxMembers: 1)
        _ = try presence.join(self.ann, info: "x", connection: ConnectionID(1))
        #expect(throws: RealtimeError(.presenceFull(limit: 1))) {
            try presence.join(self.bob, info: "x", connection: ConnectionID(2))
        }
        #expect(presence.connectionCount == 1)
        // those who are there may have more connections, and those who are away still take their place
        _ = try presence.join(self.ann, info: "x", connection: ConnectionID(2))
        _ = presence.leave(ConnectionID(1), now: .start)
        _ = presence.leave(ConnectionID(2), now: .start)
        #expect(throws: RealtimeError(.presenceFull(limit: 1))) {
            try presence.join(self.bob, info: "x", connection: ConnectionID(3))
        }
        _ = presence.expire(now: .seconds(10))
        let joined = try presence.join(self.bob, info: "x", connection: ConnectionID(3))
        #expect(joined == .joined(self.member(self.bob)))
    }

    @Test func connectionOfAnother() throws {
        var presence = self.presence()
        _ = try presence.join(self.ann, info: "x", connection: ConnectionID(1))
        #expect(throws: RealtimeError(.otherMember)) {
            try presence.join(self.bob, info: "x", connection: ConnectionID(1))
        }
        #expect(presence.members() == [self.member(self.ann)])
    }

    @Test func removed() throws {
        var presence = self.presence()
        for connection in [3, 1, 2] as [UInt64] {
            _ = try presence.join(self.ann, info: "x", connection: ConnectionID(connection))
        }
        _ = try presence.join(self.bob, info: "x", connection: ConnectionID(4))
        let removed = presence.remove(self.ann)
        #expect(removed?.change == .left(self.member(self.ann)))
        #expect(removed?.connections == [ConnectionID(1), ConnectionID(2), ConnectionID(3)])
        #expect(presence.connectionCount == 1)
        let late = presence.leave(ConnectionID(1), now: .start)
        #expect(late == nil)
        let again = presence.remove(self.ann)
        #expect(again == nil)
        _ = presence.leave(ConnectionID(4), now: .start)
        let away = presence.remove(self.bob)
        #expect(away?.connections == [])
        let expired = presence.expire(now: .seconds(100))
        #expect(expired.isEmpty)
    }

    /// Who comes back in time keeps the place.
    @Test func orderOfJoining() throws {
        var presence = self.presence()
        let ids = ["d", "b", "c", "a"].map(MemberID.named)
        for (number, id) in ids.enumerated() {
            _ = try presence.join(id, info: "x", connection: ConnectionID(UInt64(number)))
        }
        _ = presence.leave(ConnectionID(0), now: .start)
        _ = try presence.join(ids[0], info: "x", connection: ConnectionID(9))
        #expect(presence.members().map(\.id) == ids)
        #expect(presence.members(limit: 2).map(\.id) == Array(ids.prefix(2)))
        #expect(presence.members(limit: 0).isEmpty)
    }

    @Test func shorterGrace() throws {
        var presence = self.presence()
        _ = try presence.join(self.ann, info: "x", connection: ConnectionID(1))
        _ = presence.leave(ConnectionID(1), now: .seconds(1))
        presence.apply(PresenceLimits(grace: .seconds(3)))
        #expect(presence.deadline == .seconds(4))
        let left = presence.expire(now: .seconds(4))
        #expect(left == [.left(self.member(self.ann))])
    }

    @Test func defaults() {
        #expect(PresenceLimits() == PresenceLimits(maxMembers: 10_000, grace: .seconds(10)))
    }
}
