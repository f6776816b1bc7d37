/// The sessions of a server. A client makes one, and finds it again over another transport: who it is, its rooms, and its
/// position in each.
///
/// A session has one transport, and a transport carries one session. The newer transport takes over, since the older one may
/// have broken without anybody noticing; the caller tells it so. A session without a transport waits for a while.
///
/// A value without I/O, clock or randomness. All but ``expire(now:)`` cost O(1), amortised, and making a session beyond
/// ``SessionLimits/maxPerIdentity`` so many steps.
public struct Sessions: Sendable {
    /// How many there may be, and how long they wait; see ``apply(_:)``.
    public private(set) var limits: SessionLimits

    var sessions: [SessionID: Session] = [:]
    private var transports: [ConnectionID: SessionID] = [:]
    /// The sessions of each identity that has any, in the order in which they were made.
    private var identities: [MemberID: [SessionID]] = [:]
    /// Those without a transport, in the order of time.
    private var waiting = OrderedTable<SessionID, Instant>()
    /// The latest `now`.
    private var latestTime = Instant.start

    /// Makes one without sessions.
    public init(limits: SessionLimits = SessionLimits()) {
        self.limits = limits
    }

    /// How many sessions there are.
    public var count: Int { self.sessions.count }
    /// How many of them have no transport.
    public var waitingCount: Int { self.waiting.count }
    /// When to call ``expire(now:)``; nil if none waits.
    public var deadline: Instant? { self.waiting.first?.value.advanced(by: self.limits.expiry) }

    /// A session, also one that waits.
    public subscript(id: SessionID) -> Session? { self.sessions[id] }

    /// Which session a transport carries.
    public func session(of transport: ConnectionID) -> SessionID? { self.transports[transport] }

    /// The sessions of an identity, in the order in which they were made.
    public func sessions(of identity: MemberID) -> [SessionID] { self.identities[identity] ?? [] }
}

extension Sessions {
    /// Makes a session with its first transport.
    ///
    /// Where there are too many, the one that has waited for longest makes room (of the same identity, or of all): somebody
    /// who loads a page again and again must not be locked out by what was left behind.
    ///
    /// - Parameters:
    ///   - id: 128 new random bits.
    ///   - identity: Who it is. For somebody unknown the caller makes up an id.
    ///   - transport: The connection.
    /// - Returns: The session that had to go; the caller lets it leave its rooms.
    /// - Throws: ``RealtimeError`` if there are too many, and none of them waits; if there is such a session; or if the
    ///   transport carries another one. Nothing has happened then.
    public mutating func open(
        _ id: SessionID, identity: MemberID, transport: ConnectionID
    ) throws(RealtimeError) -> Session? {
        guard self.sessions[id] == nil else { throw RealtimeError(.sessionExists) }
        guard self.transports[transport] == nil else { throw RealtimeError(.otherSession) }
        var evicted: SessionID?
        let siblings = self.identities[identity] ?? []
        if siblings.count >= self.limits.maxPerIdentity {
            evicted = self.longestWaiting(of: siblings)
            guard evicted != nil else {
                throw RealtimeError(.tooManySessionsOfIdentity(limit: self.limits.maxPerIdentity))
            }
        } else if self.sessions.count >= self.limits.maxSessions {
            evicted = self.waiting.first?.key
            guard evicted != nil else { throw RealtimeError(.tooManySessions(limit: self.limits.maxSessions)) }
        }
        let gone = evicted.flatMap { self.end($0) }
        self.sessions[id] = Session(id: id, identity: identity, transport: .attached(transport))
        self.transports[transport] = id
        self.identities[identity, default: []].append(id)
        return gone
    }

    /// The session goes on over another transport.
    ///
    /// - Parameters:
    ///   - transport: The connection. If the session has it already, nothing happens.
    ///   - id: The session.
    ///   - identity: Who it is. It has to be who made the session.
    /// - Returns: The older transport, which no longer carries the session and is to be told so.
    /// - Throws: ``RealtimeError`` if there is no such session (or no more, or it is of another identity, which nobody is
    ///   told), or if the transport carries another one.
    public mutating func attach(
        _ transport: ConnectionID, to id: SessionID, identity: MemberID
    ) throws(RealtimeError) -> ConnectionID? {
        guard let session = self.sessions[id], session.identity == identity else {
            throw RealtimeError(.unknownSession)
        }
        let carried = self.transports[transport]
        guard carried == nil || carried == id else { throw RealtimeError(.otherSession) }
        guard carried == nil else { return nil }
        self.sessions[id]?.transport = .attached(transport)
        self.transports[transport] = id
        switch session.transport {
        case .attached(let older):
            self.transports[older] = nil
            return older
        case .detached:
            self.waiting.remove(id)
            return nil
        }
    }

    /// A transport has gone. The session that it carries waits from now on.
    ///
    /// - Parameters:
    ///   - transport: The connection. One that carries no session, since a newer one has taken over, is no error.
    ///   - now: The time.
    /// - Returns: The session; nil if it carries none.
    @discardableResult
    public mutating func detach(_ transport: ConnectionID, now: Instant) -> SessionID? {
        self.latestTime = max(self.latestTime, now)
        guard let id = self.transports.removeValue(forKey: transport) else { return nil }
        self.sessions[id]?.transport = .detached(since: self.latestTime)
        self.waiting.append(id, self.latestTime)
        return id
    }

    /// Those that have waited for too long end.
    ///
    /// - Parameter now: The time.
    /// - Returns: Them, the one that has waited for longest first; the caller lets them leave their rooms.
    public mutating func expire(now: Instant) -> [Session] {
        self.latestTime = max(self.latestTime, now)
        var ended: [Session] = []
        while let (id, since) = self.waiting.first, since.advanced(by: self.limits.expiry) <= self.latestTime {
            if let session = self.end(id) { ended.append(session) }
        }
        return ended
    }

    /// A session ends at once: its client has said goodbye, or is cut off.
    ///
    /// - Returns: What it was; nil if there is none.
    @discardableResult
    public mutating func end(_ id: SessionID) -> Session? {
        guard let session = self.sessions.removeValue(forKey: id) else { return nil }
        switch session.transport {
        case .attached(let transport): self.transports[transport] = nil
        case .detached: self.waiting.remove(id)
        }
        if var siblings = self.identities.removeValue(forKey: session.identity) {
            siblings.removeAll { $0 == id }
            if !siblings.isEmpty { self.identities[session.identity] = siblings }
        }
        return session
    }

    /// Other limits hold from now on. What is beyond a lower one stays; a shorter ``SessionLimits/expiry`` holds for those
    /// that wait, too, so the ``deadline`` may have come.
    public mutating func apply(_ limits: SessionLimits) {
        self.limits = limits
    }

    /// Of all siblings; there are at most ``SessionLimits/maxPerIdentity``, or what there were when that was higher.
    private func longestWaiting(of siblings: [SessionID]) -> SessionID? {
        var longest: (id: SessionID, since: Instant)?
        for id in siblings {
            guard let since = self.waiting[id], longest.map({ since < $0.since }) ?? true else { continue }
            longest = (id, since)
        }
        return longest?.id
    }
}
