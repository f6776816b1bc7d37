/// A room: its history, who is in it, and which messages it has seen.
///
/// A value without I/O, clock or randomness. It decides; whoever holds it delivers, tells the others, and calls
/// ``expire(now:)`` when the ``deadline`` has come. Everything of a room happens on one value, one after the other, so the
/// order of its messages is the same for all. Who enters, and is put among those to deliver to before the next call, misses
/// nothing and gets nothing twice.
public struct Room<Body: Sendable, Info: Sendable & Equatable>: Sendable {
    /// What it is called.
    public let name: RoomName
    /// Its history.
    public private(set) var log: RoomLog<Body>
    /// Who is in it.
    public private(set) var presence: Presence<Info>
    /// Which messages it has seen.
    public private(set) var idempotency: IdempotencyWindow

    /// Makes an empty room.
    ///
    /// - Parameters:
    ///   - name: What it is called.
    ///   - epoch: A new epoch, from random bits.
    ///   - settings: Its limits.
    public init(name: RoomName, epoch: Epoch, settings: RoomSettings = RoomSettings()) {
        self.name = name
        self.log = RoomLog(epoch: epoch, limits: settings.log)
        self.presence = Presence(limits: settings.presence)
        self.idempotency = IdempotencyWindow(limits: settings.idempotency)
    }

    /// The limits; see ``apply(_:now:)``.
    public var settings: RoomSettings {
        RoomSettings(log: self.log.limits, presence: self.presence.limits, idempotency: self.idempotency.limits)
    }

    /// When to call ``expire(now:)``; nil if nothing can become too old.
    public var deadline: Instant? {
        let deadlines = [self.presence.deadline, self.log.deadline, self.idempotency.deadline]
        return deadlines.compactMap(\.self).min()
    }

    /// Whether there is nobody in it, nothing to read, and no id to remember, so that it can be let go. The next room of this
    /// name needs a new epoch, since the offsets of this one are then forgotten: a client that comes back is told that
    /// history may be missing.
    public var isUnused: Bool {
        self.presence.count == 0 && self.log.isEmpty && self.idempotency.count == 0
    }
}

extension Room {
    /// Publishes a message, once for each id within a window.
    ///
    /// - Parameters:
    ///   - body: What it says. ``RoomLog/next`` of ``log`` is the position that it will have.
    ///   - size: Its size in bytes.
    ///   - key: What it is about.
    ///   - id: What the author calls it. Without one it is always stored.
    ///   - author: Who publishes; ids are apart for each. Nil for all who are nobody in particular.
    ///   - fingerprint: A hash of what it says. A repeated id with another one is refused; without one it is answered,
    ///     whatever the message says.
    ///   - now: The time.
    /// - Returns: What became of it.
    public mutating func publish(
        _ body: Body, size: Int, key: MessageKey? = nil, id: MessageID? = nil, author: MemberID? = nil,
        fingerprint: UInt64? = nil, now: Instant
    ) -> PublishOutcome {
        do throws(RealtimeError) {
            if let id,
                let first = try self.idempotency.answer(to: id, of: author, fingerprint: fingerprint, now: now)
            {
                return .repeated(first)
            }
            let position = try self.log.append(body, size: size, key: key, now: now)
            if let id {
                self.idempotency.record(position, for: id, of: author, fingerprint: fingerprint, now: now)
            }
            return .stored(position)
        } catch {
            return .refused(error)
        }
    }

    /// Somebody enters, and reads history. Who only listens, and is not to be seen, reads ``log`` instead.
    ///
    /// - Parameters:
    ///   - member: Who it is.
    ///   - info: What the room is told about the member.
    ///   - connection: What it is there with.
    ///   - start: From where to read.
    ///   - limit: The most messages to read at once.
    ///   - maxBytes: The most bytes of messages to read at once; but one message always fits.
    /// - Returns: What the others are to be told, and the history.
    /// - Throws: ``RealtimeError`` if the room is full, or the connection is there for another member.
    public mutating func join(
        _ member: MemberID, info: Info, connection: ConnectionID, from start: ReadingStart, limit: Int = .max,
        maxBytes: Int = .max
    ) throws(RealtimeError) -> RoomEntry<Body, Info> {
        let change = try self.presence.join(member, info: info, connection: connection)
        return RoomEntry(change: change, reading: self.log.read(start, limit: limit, maxBytes: maxBytes))
    }

    /// A connection has gone.
    ///
    /// - Parameters:
    ///   - connection: The connection. One that is not there is no error.
    ///   - now: The time.
    /// - Returns: What the others are to be told; nil as long as a grace period runs.
    public mutating func leave(_ connection: ConnectionID, now: Instant) -> PresenceChange<Info>? {
        self.presence.leave(connection, now: now)
    }

    /// A member leaves at once, with all connections.
    ///
    /// - Returns: What the others are to be told, and the connections; nil if it is not there.
    public mutating func remove(_ member: MemberID) -> (change: PresenceChange<Info>, connections: [ConnectionID])? {
        self.presence.remove(member)
    }

    /// What has become too old goes: members that are away, messages, ids.
    ///
    /// - Parameter now: The time.
    /// - Returns: What the others are to be told.
    public mutating func expire(now: Instant) -> [PresenceChange<Info>] {
        self.log.trim(now: now)
        self.idempotency.trim(now: now)
        return self.presence.expire(now: now)
    }

    /// History is lost, and offsets begin anew; members stay, and ids that are remembered keep their first answers.
    ///
    /// - Parameter epoch: A new epoch, from random bits. It must not be the current one.
    public mutating func begin(_ epoch: Epoch) {
        self.log.begin(epoch)
    }

    /// Other limits hold from now on. The ``deadline`` may be another one, and may have come.
    ///
    /// - Parameters:
    ///   - settings: The new limits.
    ///   - now: The time.
    public mutating func apply(_ settings: RoomSettings, now: Instant) {
        self.log.apply(settings.log, now: now)
        self.presence.apply(settings.presence)
        self.idempotency.apply(settings.idempotency, now: now)
    }
}
