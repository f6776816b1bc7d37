public import RealtimeCore
import Synchronization

/// Rooms in this process: a broker and a presence store.
///
/// Each room is a `Room` value behind a lock of its own, which is held while a message is stored and handed to the receiver, so that all
/// see the same order. Reading makes no room. One that nobody uses any more is forgotten, when all in it has become too old; the next
/// one of its name has a new epoch. All is lost with the process.
public final class MemoryRooms: Broker, PresenceStore {
    private let receiver = Mutex<(broker: (any BrokerReceiver)?, presence: (any PresenceReceiver)?)>((nil, nil))
    private let directory: RoomDirectory
    private let clock: @Sendable () -> Instant
    private let time: @Sendable () -> Int64

    /// Makes a store without rooms.
    ///
    /// - Parameters:
    ///   - limits: How much all rooms together may take.
    ///   - settings: The limits of a room; asked once for each that comes into being.
    ///   - clock: What time it is, by a clock that only goes forward.
    ///   - time: What time it is, in milliseconds since 1970.
    public init(
        limits: MemoryLimits = MemoryLimits(),
        settings: @escaping @Sendable (RoomName) -> RoomSettings = { _ in RoomSettings() },
        clock: @escaping @Sendable () -> Instant = SystemTime.instant,
        time: @escaping @Sendable () -> Int64 = SystemTime.milliseconds
    ) {
        self.directory = RoomDirectory(limits: limits, settings: settings, clock: clock)
        self.clock = clock
        self.time = time
    }

    /// How many rooms there are.
    public var count: Int { self.directory.count }
    /// What their messages and ids count for; see ``MemoryLimits/maxBytes``.
    public var bytes: Int { self.directory.totalBytes }

    /// History of a room is lost: its log begins anew. For tests, and for a broker that is above this one.
    public func loseHistory(of room: RoomName) {
        self.directory.ifThere(room) { $0.room.begin(Epoch(random: .random(in: .min ... .max))) }
    }

    // MARK: Broker

    /// Says to whom messages are delivered; see ``Broker/start(delivering:)``.
    public func start(delivering receiver: any BrokerReceiver) {
        self.receiver.withLock { $0.broker = receiver }
    }

    /// Stores a message, and delivers it; see ``Broker/publish(_:in:_:)``. The answer comes before this returns.
    public func publish(
        _ message: NewMessage, in room: RoomName,
        _ answer: @escaping @Sendable (Result<PublishOutcome, BrokerError>) -> Void
    ) {
        let receiver = self.receiver.withLock { $0.broker }
        let fingerprint = message.id.map { _ in MemoryRooms.fingerprint(message) }
        let outcome = self.with(room, else: PublishOutcome.refused) { state in
            let now = self.clock()
            let body = Publication(data: message.data, author: message.author, time: self.time())
            let outcome = state.room.publish(
                body, size: message.data.count, key: message.key, id: message.id, author: message.idScope,
                fingerprint: fingerprint, now: now)
            guard case .stored(let position) = outcome else { return outcome }
            state.lastUsed = now
            if state.isWanted {
                receiver?.delivered(
                    RoomMessage(
                        offset: position.offset, time: now, key: message.key, size: message.data.count, body: body),
                    at: position, in: room)
            }
            return outcome
        }
        answer(.success(outcome))
    }

    /// Reads a room's log; see ``Broker``. The answer comes before this returns.
    public func read(
        _ room: RoomName, from start: ReadingStart, limit: Int, maxBytes: Int,
        _ answer: @escaping @Sendable (Result<Reading<Publication>, BrokerError>) -> Void
    ) {
        let now = self.clock()
        let found = self.directory.ifThere(room) { state in
            state.lastUsed = now
            return state.room.log.read(start, limit: limit, maxBytes: maxBytes)
        }
        answer(.success(found ?? self.directory.nothing(in: room).read(start, limit: limit, maxBytes: maxBytes)))
    }

    /// The room's messages are wanted; see ``Broker``.
    public func subscribe(to room: RoomName, _ answer: @escaping @Sendable (Result<Void, BrokerError>) -> Void) {
        let result = self.with(room, else: { .failure(BrokerError($0)) }) { state in
            state.isWanted = true
            return Result<Void, BrokerError>.success(())
        }
        answer(result)
    }

    /// The room's messages are not wanted any more; see ``Broker``.
    public func unsubscribe(from room: RoomName) {
        self.directory.ifThere(room) { $0.isWanted = false }
    }

    private func with<Answer: Sendable>(
        _ room: RoomName, else refuse: (RealtimeError) -> Answer,
        _ body: (inout RoomDirectory.State) -> Answer
    ) -> Answer {
        do throws(RealtimeError) { return try self.directory.with(room, body) } catch { return refuse(error) }
    }

    /// FNV-1a, which tells a repeated message from another one with the same id; not against an attacker, who would only deceive himself.
    /// With another key it is another message. A key has no byte 0, which stands behind it.
    private static func fingerprint(_ message: NewMessage) -> UInt64 {
        func add(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let key = message.key.map { add($0.text.utf8.reduce(0xCBF2_9CE4_8422_2325, add), 0) }
        return message.data.reduce(key ?? 0xCBF2_9CE4_8422_2325, add)
    }

    // MARK: Presence

    /// Says to whom changes are told; see ``PresenceStore``.
    public func start(telling receiver: any PresenceReceiver) {
        self.receiver.withLock { $0.presence = receiver }
    }

    /// A connection is there for a member; see ``PresenceStore``. The answer comes before this returns.
    public func join(
        _ room: RoomName, _ member: MemberID, info: MemberInfo, connection: ConnectionID,
        _ answer: @escaping @Sendable (Result<Void, RealtimeError>) -> Void
    ) {
        let receiver = self.receiver.withLock { $0.presence }
        let result = self.with(room, else: { .failure($0) }) { state -> Result<Void, RealtimeError> in
            do throws(RealtimeError) {
                let entry = try state.room.join(
                    member, info: info, connection: connection, from: .latest(0), limit: 0)
                if let change = entry.change { receiver?.changed(change, in: room) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        answer(result)
    }

    /// A connection has gone from a room; see ``PresenceStore``.
    public func leave(_ room: RoomName, connection: ConnectionID) {
        let receiver = self.receiver.withLock { $0.presence }
        self.directory.ifThere(room) { state in
            if let change = state.room.leave(connection, now: self.clock()) { receiver?.changed(change, in: room) }
        }
    }

    /// A member leaves a room at once; see ``PresenceStore``.
    public func remove(_ member: MemberID, from room: RoomName) {
        let receiver = self.receiver.withLock { $0.presence }
        self.directory.ifThere(room) { state in
            if let (change, _) = state.room.remove(member) { receiver?.changed(change, in: room) }
        }
    }

    /// Who is in a room; see ``PresenceStore``. The answer comes before this returns.
    public func members(
        of room: RoomName, limit: Int,
        _ answer: @escaping @Sendable (Result<(members: [Member<MemberInfo>], count: Int), BrokerError>) -> Void
    ) {
        let found = self.directory.ifThere(room) { ($0.room.presence.members(limit: limit), $0.room.presence.count) }
        answer(.success(found ?? ([], 0)))
    }

    // MARK: Time

    /// What is too old goes: messages, ids, members that are away, rooms that nobody uses.
    public func expire() {
        let receiver = self.receiver.withLock { $0.presence }
        let now = self.clock()
        self.directory.expire(now: now) { name, state in
            for change in state.room.expire(now: now) { receiver?.changed(change, in: name) }
        }
    }
}
