package import RealtimeCore

/// The bodies of answers over HTTP that are one JSON text.
package enum HTTPAnswer {
    /// The media type of all of them.
    package static let contentType = "application/json"

    /// What polling answers.
    ///
    /// - Parameters:
    ///   - room: The room.
    ///   - position: The place that has been reached.
    ///   - recovered: Whether nothing is missing before the first message.
    ///   - more: Whether there is more behind the position already.
    ///   - messages: The messages, in their order.
    package static func messages(
        room: RoomName, position: Position, recovered: Bool, more: Bool, _ messages: some Collection<MessageWire>
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: messages.reduce(256) { $0 + $1.json.count + 1 })
        writer.raw("{")
        writer.place(room, position)
        writer.raw(#","recovered":"#)
        writer.bool(recovered)
        writer.raw(#","more":"#)
        writer.bool(more)
        writer.raw(#","messages":["#)
        var isFirst = true
        for message in messages {
            if !isFirst { writer.raw(",") }
            isFirst = false
            writer.raw(message.json)
        }
        writer.raw("]}")
        return writer.bytes
    }

    /// What publishing answers: with the status 201, or 200 if it is repeated.
    package static func published(room: RoomName, position: Position, repeated: Bool) -> [UInt8] {
        var writer = JSONWriter(capacity: 160)
        writer.raw("{")
        writer.place(room, position)
        if repeated { writer.raw(#","repeated":true"#) }
        writer.raw("}")
        return writer.bytes
    }

    /// Who is in the room: so many in all, of which at most ``ServerMessage/maxListedMembers`` are listed.
    package static func members(room: RoomName, count: Int, _ members: [Member<JSONText>]) -> [UInt8] {
        var writer = JSONWriter(capacity: 160)
        writer.raw(#"{"room":"#)
        writer.string(room.text)
        writer.members(members, count: count)
        writer.raw("}")
        return writer.bytes
    }

    /// What is answered instead, with the code's ``WireError/Code/status``.
    package static func error(_ error: WireError) -> [UInt8] {
        var writer = JSONWriter(capacity: 160)
        writer.raw(#"{"error":{"#)
        writer.error(error)
        writer.raw("}}")
        return writer.bytes
    }
}
