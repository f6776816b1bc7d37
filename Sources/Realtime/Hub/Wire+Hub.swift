import RealtimeCore

// What the hub has, as the wire wants it. What brokers and stores bring was checked when it was published.

extension MessageWire {
    init(_ message: RoomMessage<Publication>, in epoch: Epoch) {
        self.init(
            position: Position(epoch: epoch, offset: message.offset), time: UInt64(clamping: message.body.time),
            from: message.body.author, key: message.key, data: JSONText(checked: message.body.data))
    }
}

extension Member<MemberInfo> {
    var wire: Member<JSONText> { Member<JSONText>(id: self.id, info: JSONText(checked: self.info.json)) }
}

extension PresenceChange<MemberInfo> {
    var wire: PresenceChange<JSONText> {
        switch self {
        case .joined(let member): .joined(member.wire)
        case .updated(let member): .updated(member.wire)
        case .left(let member): .left(member.wire)
        }
    }
}
