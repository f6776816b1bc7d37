import RealtimeCore
struct MessageWire { init(_ m: RoomMessage<Publication>, at: Epoch) {} }
enum ServerMessage {
    case message(MessageWire, room: RoomName)
    case member(PresenceChange<MemberInfo>, room: RoomName)
    case gap(room: RoomName, Position)
    case error(WireError)
    case pong(id: UInt64?)
    case joined(room: RoomName, Position, recovered: Bool, id: UInt64?)
    case left(room: RoomName, id: UInt64?)
    case published(room: RoomName, Position, repeated: Bool, id: UInt64?)
    case presence(room: RoomName, members: [Member<MemberInfo>], count: Int, id: UInt64?)
    case updated(room: RoomName, id: UInt64?)
    case welcome(session: SessionID?, member: MemberID, resumed: Bool)
    var encoded: [UInt8] { [] }
}
