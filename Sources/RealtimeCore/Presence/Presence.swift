/// Who is in a room. A member joins with its first connection and leaves when the last one has been gone for a while, each
/// exactly once, however many connections there are and however often they break.
///
/// A value without I/O, clock or randomness: it says what has changed, and the caller tells the others.
public struct Presence<Info: Sendable & Equatable>: Sendable {
    private struct State: Sendable {
        var info: Info
        /// How many connections it has. Which ones is in `connections`.
        var connections: Int
    }

    /// How many members there may be, and how long one may be away; see ``apply(_:)``.
    public private(set) var limits: PresenceLimits

    private var table = OrderedTable<MemberID, State>()
    private var connections: [ConnectionID: MemberID] = [:]
    /// Who has no connection, and since when. In the order of time, since time does not go back.
    private var away = OrderedTable<MemberID, Instant>()
    /// The latest `now`.
    private var latestTime = Instant.start

    /// Makes one with nobody in it.
    public init(limits: PresenceLimits = PresenceLimits()) {
        self.limits = limits
    }

    /// How many members there are, those who are away for a moment included.
    public var count: Int { self.table.count }
    /// How many connections they have together.
    public var connectionCount: Int { self.connections.count }
    /// When to call ``expire(now:)``; nil if nobody is away.
    public var deadline: Instant? { self.away.first?.value.advanced(by: self.limits.grace) }

    /// Somebody is there with a connection: with a new one, or with one that is there already and brings another info.
    ///
    /// - Parameters:
    ///   - member: Who it is.
    ///   - info: What the room is told about the member. It replaces what another connection has said.
    ///   - connection: The connection. In a room it belongs to one member.
    /// - Returns: What the others are to be told; nil for another connection, or the return of one who was away, with the
    ///   same info.
    /// - Throws: ``RealtimeError`` if the room is full, or the connection is there for another member; nothing has happened
    ///   then.
    public mutating func join(
        _ member: MemberID, info: Info, connection: ConnectionID
    ) throws(RealtimeError) -> PresenceChange<Info>? {
        let owner = self.connections[connection]
        guard owner == nil || owner == member else { throw RealtimeError(.otherMember) }
        let isNew = owner == nil
        let isChanged = self.table.modify(member) { state in
            let isChanged = state.info != info
            state.info = info
            if isNew { state.connections += 1 }
            return isChanged
        }
        guard let isChanged else {
            guard self.table.count < self.limits.maxMembers else {
                throw RealtimeError(.presenceFull(limit: self.limits.maxMembers))
            }
            self.table.append(member, State(info: info, connections: 1))
            self.connections[connection] = member
            return .joined(Member(id: member, info: info))
        }
        if isNew {
            self.connections[connection] = member
            self.away.remove(member)
        }
        return isChanged ? .updated(Member(id: member, info: info)) : nil
    }

    /// A connection has gone. If it was the member's last one, the member is away from now on.
    ///
    /// - Parameters:
    ///   - connection: The connection. One that is not there is no error.
    ///   - now: The time.
    /// - Returns: What the others are to be told; nil as long as a grace period runs.
    public mutating func leave(_ connection: ConnectionID, now: Instant) -> PresenceChange<Info>? {
        self.latestTime = max(self.latestTime, now)
        guard let member = self.connections.removeValue(forKey: connection) else { return nil }
        let rest = self.table.modify(member) { state in
            state.connections -= 1
            return state.connections
        }
        guard rest == 0 else { return nil }
        guard self.limits.grace > .zero else { return self.end(member) }
        self.away.append(member, self.latestTime)
        return nil
    }

    /// Those who have been away for too long leave.
    ///
    /// - Parameter now: The time.
    /// - Returns: What the others are to be told, in the order in which the members went.
    public mutating func expire(now: Instant) -> [PresenceChange<Info>] {
        self.latestTime = max(self.latestTime, now)
        var changes: [PresenceChange<Info>] = []
        while let (member, since) = self.away.first, since.advanced(by: self.limits.grace) <= self.latestTime {
            if let change = self.end(member) { changes.append(change) }
        }
        return changes
    }

    /// A member leaves at once, with all connections: it has been removed, or has said goodbye. It costs O(all connections)
    /// unless it is away.
    ///
    /// - Returns: What the others are to be told, and the connections; nil if it is not there.
    public mutating func remove(_ member: MemberID) -> (change: PresenceChange<Info>, connections: [ConnectionID])? {
        guard let state = self.table[member] else { return nil }
        var gone: [ConnectionID] = []
        if state.connections > 0 {
            gone = self.connections.compactMap { $0.value == member ? $0.key : nil }.sorted()
            for connection in gone { self.connections[connection] = nil }
        }
        return self.end(member).map { ($0, gone) }
    }

    /// Other limits hold from now on. Members beyond a lower one stay; a shorter ``PresenceLimits/grace`` holds for those who
    /// are away, too, so the ``deadline`` may have come.
    public mutating func apply(_ limits: PresenceLimits) {
        self.limits = limits
    }

    private mutating func end(_ member: MemberID) -> PresenceChange<Info>? {
        self.away.remove(member)
        return self.table.remove(member).map { .left(Member(id: member, info: $0.info)) }
    }
}

extension Presence {
    /// The member with this id, also if it is away for a moment.
    public subscript(member: MemberID) -> Member<Info>? {
        self.table[member].map { Member(id: member, info: $0.info) }
    }

    /// Whose connection it is; nil if it is not there.
    public func member(of connection: ConnectionID) -> MemberID? {
        self.connections[connection]
    }

    /// The members in the order in which they joined, those who are away for a moment included.
    ///
    /// - Parameter limit: The most members; ``count`` says how many there are.
    public func members(limit: Int = .max) -> [Member<Info>] {
        self.table.prefix(limit).map { Member(id: $0.key, info: $0.value.info) }
    }
}
