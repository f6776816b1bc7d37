import Realtime
import RealtimeCore

/// An object of the rooms' protocol as a server has sent it. Members that nobody asks for are ignored.
struct ReceivedObject: Sendable, Hashable {
    /// The bytes, without space around them.
    let bytes: [UInt8]
    private let members: [String: JSONValue]

    /// - Throws: `JSONError` for what is no object.
    init(_ bytes: [UInt8]) throws(JSONError) {
        let object = try JSONText(checking: bytes)
        var members: [String: JSONValue] = [:]
        var scanner = JSONScanner()
        let span = object.bytes.span
        try scanner.beginObject(in: span)
        while let member = try scanner.nextMember(in: span) {
            guard let name = member.name.string(in: span), members[name] == nil else { continue }
            members[name] = member.value
        }
        self.bytes = object.bytes
        self.members = members
    }

    func string(_ name: String) -> String? { self.members[name]?.string(in: self.bytes.span) }
    func number(_ name: String) -> UInt64? { self.members[name]?.unsigned(in: self.bytes.span) }
    func bool(_ name: String) -> Bool? { self.members[name]?.bool }
    func text(_ name: String) -> JSONText? { self.members[name]?.text(in: self.bytes.span) }

    func object(_ name: String) -> ReceivedObject? {
        guard let text = self.text(name) else { return nil }
        return try? ReceivedObject(text.bytes)
    }

    /// Its `epoch` and `offset`.
    var position: Position? {
        guard let epoch = self.string("epoch"), let offset = self.number("offset") else { return nil }
        return (try? Epoch(parsing: epoch)).map { Position(epoch: $0, offset: offset) }
    }

    /// The objects in an array.
    ///
    /// - Throws: `JSONError` if there is something else in it.
    func objects(_ name: String) throws(JSONError) -> [ReceivedObject] {
        guard let array = self.text(name)?.bytes, array.first == UInt8(ascii: "[") else { return [] }
        var (found, depth, start): ([ReceivedObject], Int, Int?) = ([], 0, nil)
        var isString = false, isEscaped = false
        // It is known to be valid JSON, so that counting is enough.
        for (at, byte) in array.enumerated() {
            if isString {
                isString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                if depth == 2 { start = at }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth == 1, let start { found.append(try ReceivedObject(Array(array[start...at]))) }
            default: continue
            }
        }
        return found
    }

    /// The object as the others are, with its type and its room before its own members.
    func named(_ type: String, room: RoomName) -> [UInt8] {
        var writer = JSONWriter(capacity: self.bytes.count + 64)
        writer.raw("{\"type\":")
        writer.string(type)
        writer.raw(",\"room\":")
        writer.string(room.text)
        writer.raw(self.members.isEmpty ? "" : ",")
        writer.raw(self.bytes.dropFirst())
        return writer.bytes
    }
}
