package import RealtimeCore

/// What the server says over WebSocket, in the subprotocol `duplex.v1`: one for each text message. The `id` is the request's,
/// where it is an answer to one.
package enum ServerMessage: Equatable, Sendable {
    /// The first one of a connection.
    case welcome(session: SessionID, member: MemberID, resumed: Bool)
    /// The room's messages behind the position follow.
    case joined(id: UInt64?, room: RoomName, position: Position, recovered: Bool)
    /// No more of the room's messages follow.
    case left(id: UInt64?, room: RoomName)
    /// A message of the room.
    case message(room: RoomName, MessageWire)
    /// Something is missing; it continues behind the position.
    case gap(room: RoomName, position: Position)
    /// The message is stored there.
    case published(id: UInt64?, room: RoomName, position: Position, repeated: Bool)
    /// Who is in the room: so many in all, of which these are listed.
    case presence(id: UInt64?, room: RoomName, count: Int, members: [Member<JSONText>])
    /// Who is in the room has changed.
    case member(room: RoomName, PresenceChange<JSONText>)
    /// The info is changed.
    case updated(id: UInt64?, room: RoomName)
    /// The server is there.
    case pong(id: UInt64?)
    /// The request was not carried out, or there was none.
    case error(WireError)

    /// The most members that are listed: 1,000, more than anybody reads; with ``ClientRequest/maxInfoBytes`` and the longest
    /// ids that is some 1.2 MB.
    package static let maxListedMembers = 1000

    /// The payload of the text message.
    package var json: [UInt8] {
        if case .message(let room, let message) = self { return message.frame(in: room) }
        var writer = JSONWriter(capacity: 160)
        self.write(to: &writer)
        writer.raw("}")
        return writer.bytes
    }

    /// All but the closing brace.
    private func write(to writer: inout JSONWriter) {
        switch self {
        case .welcome(let session, let member, let resumed):
            writer.raw(#"{"type":"welcome","session":""#)
            writer.raw(session.text.utf8)
            writer.raw(#"","member":"#)
            writer.string(member.text)
            writer.raw(#","resumed":"#)
            writer.bool(resumed)
        case .joined(let id, let room, let position, let recovered):
            ServerMessage.begin("joined", id, room, &writer)
            writer.raw(",")
            writer.position(position)
            writer.raw(#","recovered":"#)
            writer.bool(recovered)
        case .left(let id, let room):
            ServerMessage.begin("left", id, room, &writer)
        case .message(let room, let message):
            writer.raw(message.frame(in: room).dropLast())
        case .gap(let room, let position):
            ServerMessage.begin("gap", nil, room, &writer)
            writer.raw(",")
            writer.position(position)
        case .published(let id, let room, let position, let repeated):
            ServerMessage.begin("published", id, room, &writer)
            writer.raw(",")
            writer.position(position)
            if repeated { writer.raw(#","repeated":true"#) }
        case .presence(let id, let room, let count, let members):
            ServerMessage.begin("presence", id, room, &writer)
            writer.members(members, count: count)
        case .member(let room, let change):
            ServerMessage.begin("member", nil, room, &writer)
            ServerMessage.write(change, &writer)
        case .updated(let id, let room):
            ServerMessage.begin("updated", id, room, &writer)
        case .pong(let id):
            writer.raw(#"{"type":"pong""#)
            writer.id(id)
        case .error(let error):
            writer.raw(#"{"type":"error""#)
            writer.id(error.id)
            writer.raw(",")
            writer.error(error)
        }
    }

    /// `{"type":"joined","id":1,"room":"chat"`
    private static func begin(_ type: StaticString, _ id: UInt64?, _ room: RoomName, _ writer: inout JSONWriter) {
        writer.raw(#"{"type":""#)
        writer.raw(type)
        writer.raw(#"""#)
        writer.id(id)
        writer.room(room)
    }

    private static func write(_ change: PresenceChange<JSONText>, _ writer: inout JSONWriter) {
        switch change {
        case .joined(let member):
            writer.raw(#","change":"joined","member":"#)
            writer.member(member)
        case .updated(let member):
            writer.raw(#","change":"updated","member":"#)
            writer.member(member)
        case .left(let member):
            writer.raw(#","change":"left","member":"#)
            writer.member(member)
        }
    }
}
