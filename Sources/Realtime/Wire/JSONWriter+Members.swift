import RealtimeCore

/// The members that many objects of the protocol have. Those that are never the first have their comma before them.
extension JSONWriter {
    /// `,"id":1`, if the request had one.
    mutating func id(_ id: UInt64?) {
        guard let id else { return }
        self.raw(#","id":"#)
        self.number(id)
    }

    /// `,"room":"chat"`
    mutating func room(_ room: RoomName) {
        self.raw(#","room":"#)
        self.string(room.text)
    }

    /// `"epoch":"3w5e11264sg","offset":12`, without a comma.
    mutating func position(_ position: Position) {
        self.raw(#""epoch":""#)
        self.raw(position.epoch.text.utf8)
        self.raw(#"","offset":"#)
        self.number(position.offset)
    }

    /// `"room":"chat","epoch":"3w5e11264sg","offset":12`, without a comma.
    mutating func place(_ room: RoomName, _ position: Position) {
        self.raw(#""room":"#)
        self.string(room.text)
        self.raw(",")
        self.position(position)
    }

    /// `{"id":"ann","info":{}}`, without a comma.
    mutating func member(_ member: Member<JSONText>) {
        self.raw(#"{"id":"#)
        self.string(member.id.text)
        self.raw(#","info":"#)
        self.json(member.info)
        self.raw("}")
    }

    /// `,"count":2,"members":[…]`
    mutating func members(_ members: [Member<JSONText>], count: Int) {
        self.raw(#","count":"#)
        self.number(UInt64(max(0, count)))
        self.raw(#","members":["#)
        for (index, member) in members.prefix(ServerMessage.maxListedMembers).enumerated() {
            if index > 0 { self.raw(",") }
            self.member(member)
        }
        self.raw("]")
    }

    /// `"code":"forbidden","message":"…"`, without a comma.
    mutating func error(_ error: WireError) {
        self.raw(#""code":""#)
        self.raw(error.code.rawValue.utf8)
        self.raw(#"","message":"#)
        self.string(error.message)
    }
}
