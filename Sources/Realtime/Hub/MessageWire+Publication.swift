import RealtimeCore

extension MessageWire {
    /// What a room's log has, as all ways send it. It was checked to be JSON when it was published.
    init(_ message: RoomMessage<Publication>, at epoch: Epoch) {
        self.init(
            position: Position(epoch: epoch, offset: message.offset), time: UInt64(clamping: message.body.time),
            from: message.body.author, key: message.key, data: JSONText(checked: message.body.data))
    }
}

extension Member where Info == MemberInfo {
    /// The member as it is sent. A ``MemberInfo`` is JSON.
    var wire: Member<JSONText> { Member<JSONText>(id: self.id, info: JSONText(checked: self.info.json)) }
}

extension PresenceChange where Info == MemberInfo {
    /// The change as it is sent.
    var wire: PresenceChange<JSONText> {
        switch self {
        case .joined(let member): .joined(member.wire)
        case .updated(let member): .updated(member.wire)
        case .left(let member): .left(member.wire)
        }
    }
}
