/// What stays of a client while its transports change: who it is, and which rooms it is in, from which position on.
public struct Session: Sendable, Hashable {
    /// What the client reaches it by.
    public let id: SessionID
    /// Who it is.
    public let identity: MemberID
    /// The rooms, and the last position that is known of each.
    public internal(set) var rooms: [RoomName: Position] = [:]
    /// What it is reached by now.
    public internal(set) var transport: Transport

    /// What a session is reached by.
    public enum Transport: Sendable, Hashable {
        /// By this connection.
        case attached(ConnectionID)
        /// By none, since then. It expires after ``SessionLimits/expiry``.
        case detached(since: Instant)
    }

    init(id: SessionID, identity: MemberID, transport: Transport) {
        self.id = id
        self.identity = identity
        self.transport = transport
    }
}
