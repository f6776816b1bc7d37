public import RealtimeCore

/// Where is known who is in which room: in this process (``MemoryRooms``), or in a server that several processes share.
///
/// What an implementation promises; `PresenceSuite` in the tests checks it:
/// - *Once.* Each member joins once and leaves once, however many connections it has; it leaves when its last one has been gone for
///   the room's grace.
/// - *Order.* The changes of a room are told in the order in which they happened, which is the same for all receivers; a list of
///   members holds exactly the changes that were told before it was answered, or some that are about to be.
/// - *Nothing there.* The members of an unknown room are none. Leaving where a connection is not is no error, and changes nothing.
///
/// Answers may come on any thread, also before the call returns.
public protocol PresenceStore: Sendable {
    /// Says to whom changes are told. Called once, before all else.
    func start(telling receiver: any PresenceReceiver)

    /// A connection is there for a member; one that is there already has another info from now on.
    ///
    /// - Parameter answer: Called once: refused if the room is full, or the connection is there for another member.
    func join(
        _ room: RoomName, _ member: MemberID, info: MemberInfo, connection: ConnectionID,
        _ answer: @escaping @Sendable (Result<Void, RealtimeError>) -> Void)

    /// A connection has gone from a room.
    func leave(_ room: RoomName, connection: ConnectionID)

    /// A member leaves a room at once, with all its connections.
    func remove(_ member: MemberID, from room: RoomName)

    /// Who is in a room, in the order of joining.
    ///
    /// - Parameters:
    ///   - limit: The most that are listed.
    ///   - answer: Called once, with the list and how many there are.
    func members(
        of room: RoomName, limit: Int,
        _ answer: @escaping @Sendable (Result<(members: [Member<MemberInfo>], count: Int), BrokerError>) -> Void)

    /// Called about once a second: those who have been away for long enough leave.
    func expire()
}

/// To whom changes are told.
public protocol PresenceReceiver: Sendable {
    /// Something has changed. Called in order, never for one room at the same time; must not block, and must not call the store.
    func changed(_ change: PresenceChange<MemberInfo>, in room: RoomName)
}
