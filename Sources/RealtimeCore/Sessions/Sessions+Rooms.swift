extension Sessions {
    /// The session is in a room from now on. If it is there already, only the position changes.
    ///
    /// - Parameters:
    ///   - room: The room.
    ///   - position: The position up to which the client has what there is.
    ///   - id: The session.
    /// - Throws: ``RealtimeError`` if it is in too many rooms, or if there is no such session.
    public mutating func join(_ room: RoomName, at position: Position, _ id: SessionID) throws(RealtimeError) {
        guard let index = self.sessions.index(forKey: id) else { throw RealtimeError(.unknownSession) }
        // not in a variable: it would be copied to be changed
        guard
            self.sessions.values[index].rooms[room] != nil
                || self.sessions.values[index].rooms.count < self.limits.maxRooms
        else {
            throw RealtimeError(.tooManyRooms(limit: self.limits.maxRooms))
        }
        self.sessions.values[index].rooms[room] = position
    }

    /// The client has what there is up to a position. In the same epoch a position only goes forward: what comes late does
    /// not set it back. One of another epoch replaces it.
    ///
    /// To be called when a transport has gone, or now and then; for each message it would cost more than the message. What
    /// the client itself says when it comes back is nearer to the truth.
    ///
    /// - Parameters:
    ///   - room: The room.
    ///   - position: The position.
    ///   - id: The session.
    /// - Returns: Whether the position has changed; false also if the session is not in the room, or is gone.
    @discardableResult
    public mutating func advance(_ room: RoomName, to position: Position, _ id: SessionID) -> Bool {
        guard let index = self.sessions.index(forKey: id), let old = self.sessions.values[index].rooms[room],
            old.isBefore(position) ?? true
        else { return false }
        self.sessions.values[index].rooms[room] = position
        return true
    }

    /// The session is no longer in a room.
    ///
    /// - Parameters:
    ///   - room: The room.
    ///   - id: The session.
    /// - Returns: Its last position there; nil if it was not there.
    @discardableResult
    public mutating func leave(_ room: RoomName, _ id: SessionID) -> Position? {
        guard let index = self.sessions.index(forKey: id) else { return nil }
        return self.sessions.values[index].rooms.removeValue(forKey: room)
    }
}
