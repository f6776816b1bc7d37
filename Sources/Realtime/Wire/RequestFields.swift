import RealtimeCore

/// The members of one request with their types. What is wrong is said with the request's id.
struct RequestFields: ~Copyable {
    let members: RequestMembers
    /// The request's `id`.
    let id: UInt64?

    init(_ members: RequestMembers, id: UInt64?) {
        self.members = members
        self.id = id
    }

    /// Reads the request's id first.
    init(_ members: RequestMembers, in bytes: Span<UInt8>) throws(WireError) {
        let id = members.id?.unsigned(in: bytes)
        guard members.id == nil || id != nil else {
            throw WireError(.invalidRequest, "'id' must be a whole number from 0 to 2^64 - 1")
        }
        self.init(members, id: id)
    }

    func error(_ code: WireError.Code, _ message: String) -> WireError {
        WireError(code, message, id: self.id)
    }

    /// What a name's initialiser makes of the string; nil if there is no such member.
    private func name<Name>(
        _ value: JSONValue?, _ name: StaticString, in bytes: Span<UInt8>, or code: WireError.Code,
        make: (String) throws(RealtimeError) -> Name
    ) throws(WireError) -> Name? {
        guard let value else { return nil }
        guard let text = value.string(in: bytes) else { throw self.error(code, "'\(name)' must be a string") }
        do throws(RealtimeError) {
            return try make(text)
        } catch {
            throw WireError(error, id: self.id)
        }
    }

    func room(in bytes: Span<UInt8>) throws(WireError) -> RoomName {
        let room = try self.name(self.members.room, "room", in: bytes, or: .invalidRoom) {
            (text) throws(RealtimeError) in try RoomName(text)
        }
        guard let room else { throw self.error(.invalidRoom, "'room' is missing") }
        return room
    }

    func messageID(in bytes: Span<UInt8>) throws(WireError) -> MessageID? {
        try self.name(self.members.messageID, "messageId", in: bytes, or: .invalidID) {
            (text) throws(RealtimeError) in try MessageID(text)
        }
    }

    func key(in bytes: Span<UInt8>) throws(WireError) -> MessageKey? {
        try self.name(self.members.key, "key", in: bytes, or: .invalidKey) {
            (text) throws(RealtimeError) in try MessageKey(text)
        }
    }

    /// The position behind which to read. Half of one is refused: a program that has lost the other half would miss
    /// messages, and would not know it.
    func position(in bytes: Span<UInt8>) throws(WireError) -> Position? {
        let epoch = try self.name(self.members.epoch, "epoch", in: bytes, or: .invalidPosition) {
            (text) throws(RealtimeError) in try Epoch(parsing: text)
        }
        guard let after = self.members.after else {
            if epoch != nil { throw self.error(.invalidPosition, "'epoch' needs 'after'") }
            return nil
        }
        guard let offset = after.unsigned(in: bytes) else {
            throw self.error(.invalidPosition, "'after' must be a whole number from 0 to 2^64 - 1")
        }
        guard let epoch else { throw self.error(.invalidPosition, "'after' needs 'epoch'") }
        return Position(epoch: epoch, offset: offset)
    }

    func history(in bytes: Span<UInt8>) throws(WireError) -> Int? {
        guard let history = self.members.history else { return nil }
        guard let count = history.unsigned(in: bytes) else {
            throw self.error(.invalidRequest, "'history' must be a whole number from 0 on")
        }
        return Int(clamping: count)
    }

    func presence() throws(WireError) -> Bool {
        guard let presence = self.members.presence else { return false }
        guard let bool = presence.bool else { throw self.error(.invalidRequest, "'presence' must be true or false") }
        return bool
    }

    func info(in bytes: Span<UInt8>) throws(WireError) -> JSONText? {
        guard let info = self.members.info else { return nil }
        guard info.kind == .object else { throw self.error(.invalidRequest, "'info' must be an object") }
        guard info.range.count <= ClientRequest.maxInfoBytes else {
            throw self.error(
                .invalidRequest, "'info' has \(info.range.count) bytes, more than \(ClientRequest.maxInfoBytes)")
        }
        return info.text(in: bytes)
    }

    func data(in bytes: Span<UInt8>) throws(WireError) -> JSONText {
        guard let data = self.members.data else { throw self.error(.invalidRequest, "'data' is missing") }
        return data.text(in: bytes)
    }
}
