package import RealtimeCore

/// What a client says over WebSocket, in the subprotocol `duplex.v1`: one for each text message.
package enum ClientRequest: Hashable, Sendable {
    /// It wants a room's messages.
    case join(Join, id: UInt64?)
    /// It wants them no more.
    case leave(RoomName, id: UInt64?)
    /// It publishes a message.
    case publish(Publish, id: UInt64?)
    /// It asks who is in a room.
    case presence(RoomName, id: UInt64?)
    /// It has another info in a room.
    case info(RoomName, JSONText, id: UInt64?)
    /// It asks whether the server is there.
    case ping(id: UInt64?)

    /// The subprotocol's name.
    package static let subprotocol = "duplex.v1"

    /// The largest `info` in bytes, as it is written: 1 KiB, a name, a colour and the address of a picture. It is kept for
    /// each member, and sent to all others: a list of 1,000 members takes 1 MiB at most.
    package static let maxInfoBytes = 1024

    /// Joining.
    package struct Join: Hashable, Sendable {
        package var room: RoomName
        /// From where it is read.
        package var start: ReadingStart
        /// Whether others see the client, and it sees them.
        package var presence: Bool
        /// What they see; nil if nothing was said.
        package var info: JSONText?

        package init(room: RoomName, start: ReadingStart = .latest(0), presence: Bool = false, info: JSONText? = nil) {
            self.room = room
            self.start = start
            self.presence = presence
            self.info = info
        }
    }

    /// Publishing.
    package struct Publish: Hashable, Sendable {
        package var room: RoomName
        package var data: JSONText
        package var messageID: MessageID?
        package var key: MessageKey?

        package init(room: RoomName, data: JSONText, messageID: MessageID? = nil, key: MessageKey? = nil) {
            self.room = room
            self.data = data
            self.messageID = messageID
            self.key = key
        }
    }

    /// What the answer to it has as its `id`.
    package var id: UInt64? {
        switch self {
        case .join(_, let id), .leave(_, let id), .publish(_, let id), .presence(_, let id), .info(_, _, let id),
            .ping(let id):
            id
        }
    }
}

extension ClientRequest {
    /// Reads the payload of a text message. Members that the protocol does not name are ignored.
    ///
    /// - Throws: ``WireError``, with the request's id if the text is JSON and has a valid one.
    package static func parse(_ bytes: Span<UInt8>) throws(WireError) -> ClientRequest {
        let fields = try RequestFields(try RequestMembers(bytes), in: bytes)
        guard let type = fields.members.type else { throw fields.error(.invalidRequest, "'type' is missing") }
        guard type.kind == .string else { throw fields.error(.invalidRequest, "'type' must be a string") }
        if type.isString("publish", in: bytes) {
            return .publish(try Publish(fields, in: bytes), id: fields.id)
        } else if type.isString("ping", in: bytes) {
            return .ping(id: fields.id)
        } else if type.isString("join", in: bytes) {
            return .join(try Join(fields, in: bytes), id: fields.id)
        } else if type.isString("leave", in: bytes) {
            return .leave(try fields.room(in: bytes), id: fields.id)
        } else if type.isString("presence", in: bytes) {
            return .presence(try fields.room(in: bytes), id: fields.id)
        } else if type.isString("info", in: bytes) {
            let room = try fields.room(in: bytes)
            guard let info = try fields.info(in: bytes) else {
                throw fields.error(.invalidRequest, "'info' is missing")
            }
            return .info(room, info, id: fields.id)
        }
        throw fields.error(.invalidRequest, "there is no such 'type'")
    }

    /// As the other one, for bytes in an array.
    package static func parse(_ bytes: [UInt8]) throws(WireError) -> ClientRequest {
        try ClientRequest.parse(bytes.span)
    }
}

extension ClientRequest.Join {
    fileprivate init(_ fields: borrowing RequestFields, in bytes: Span<UInt8>) throws(WireError) {
        let room = try fields.room(in: bytes)
        let position = try fields.position(in: bytes)
        let history = try fields.history(in: bytes)
        // a position counts more: who has one wants nothing twice
        let start = position.map { ReadingStart.after($0) } ?? .latest(history ?? 0)
        self.init(room: room, start: start, presence: try fields.presence(), info: try fields.info(in: bytes))
    }
}

extension ClientRequest.Publish {
    fileprivate init(_ fields: borrowing RequestFields, in bytes: Span<UInt8>) throws(WireError) {
        self.init(
            room: try fields.room(in: bytes), data: try fields.data(in: bytes),
            messageID: try fields.messageID(in: bytes), key: try fields.key(in: bytes))
    }
}
