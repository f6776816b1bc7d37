import RealtimeCore

/// A member of a room for as long as there is this: a stream whose answer is dropped before it is written must not stay one.
final class StreamPresence: Sendable {
    private let hub: RealtimeHub
    private let room: RoomName
    private let connection: ConnectionID

    /// Enters the room.
    ///
    /// - Throws: ``RealtimeError`` if it is full.
    init(_ hub: RealtimeHub, _ room: RoomName, as member: MemberID, info: MemberInfo) async throws(RealtimeError) {
        self.hub = hub
        self.room = room
        self.connection = hub.makeConnectionID()
        try await hub.join(room, as: member, info: info, connection: self.connection)
    }

    deinit { self.hub.leave(self.room, connection: self.connection) }
}
