package import RealtimeCore

/// A stored message as all ways send it: its JSON, made once, when it is stored. Copies share it.
package struct MessageWire: Hashable, Sendable {
    /// Its place.
    package let position: Position
    /// `{"epoch":…,"offset":…,"time":…,"from":…,"key":…,"data":…}`
    package let json: [UInt8]
    /// Whether there are no line breaks in it.
    let isOneLine: Bool

    /// Makes the JSON.
    ///
    /// - Parameters:
    ///   - position: Its epoch and its offset.
    ///   - time: When it was stored, in milliseconds since 1970.
    ///   - from: Who published it, where that is known.
    ///   - key: What it is about.
    ///   - data: What it says. It is passed on as it was written.
    package init(position: Position, time: UInt64, from: MemberID? = nil, key: MessageKey? = nil, data: JSONText) {
        self.position = position
        var writer = JSONWriter(capacity: data.bytes.count + 128)
        writer.raw("{")
        writer.position(position)
        writer.raw(#","time":"#)
        writer.number(time)
        if let from {
            writer.raw(#","from":"#)
            writer.string(from.text)
        }
        if let key {
            writer.raw(#","key":"#)
            writer.string(key.text)
        }
        writer.raw(#","data":"#)
        writer.json(data)
        writer.raw("}")
        self.json = writer.bytes
        self.isOneLine = JSONEmbedding.isOneLine(data.bytes)
    }

    /// The JSON without line breaks.
    var line: [UInt8] { self.isOneLine ? self.json : JSONEmbedding.line(self.json) }

    /// The payload of a text message: `{"type":"message","room":"chat","epoch":…}`. It is the same for all who read the room.
    package func frame(in room: RoomName) -> [UInt8] {
        var writer = JSONWriter(capacity: self.json.count + room.text.utf8.count + 32)
        writer.raw(#"{"type":"message""#)
        writer.room(room)
        writer.raw(",")
        // its members, and its closing brace
        writer.raw(self.json.dropFirst())
        return writer.bytes
    }
}
