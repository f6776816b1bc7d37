import RealtimeCore

extension RealtimeHub {
    /// Somebody who reads without being pushed to is in a room, until ``leave(_:connection:)``.
    ///
    /// - Parameters:
    ///   - room: The room.
    ///   - member: Who it is.
    ///   - info: What the others see.
    ///   - connection: A number of its own, from ``makeConnectionID()``.
    /// - Throws: ``RealtimeError`` if the room is full.
    func join(
        _ room: RoomName, as member: MemberID, info: MemberInfo, connection: ConnectionID
    ) async throws(RealtimeError) {
        let result = await withCheckedContinuation { continuation in
            self.presence.join(room, member, info: info, connection: connection) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// It is there no more.
    func leave(_ room: RoomName, connection: ConnectionID) {
        self.presence.leave(room, connection: connection)
    }

    /// A room whose log is read for a while; see ``RoomReader``.
    ///
    /// - Throws: ``BrokerError`` if its messages cannot be subscribed to now.
    func reader(of room: RoomName) async throws(BrokerError) -> RoomReader {
        let reader = RoomReader(self, room)
        let subscribed = await withCheckedContinuation { continuation in
            self.broker.subscribe(to: room) { continuation.resume(returning: $0) }
        }
        try subscribed.get()
        return reader
    }
}
