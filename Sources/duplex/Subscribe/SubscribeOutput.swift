import Realtime
import RealtimeCore

/// How `duplex subscribe` tells what happens.
struct SubscribeOutput: Sendable {
    let room: RoomName
    /// The protocol's objects as lines, instead of what the messages say.
    let isJSON: Bool
    let isTerminal: Bool

    /// A message; false when nobody reads any more.
    func message(_ object: ReceivedObject) -> Bool {
        if self.isJSON { return StandardStreams.out(SubscribeOutput.line(object.bytes)) }
        let text: String
        if let string = object.string("data") {
            text = string
        } else {
            text = SubscribeOutput.line(object.text("data")?.bytes ?? [])
        }
        return StandardStreams.out(self.isTerminal ? ConnectOutput.shown(text) : text)
    }

    /// It continues from here.
    func joined(_ position: Position, recovered: Bool) {
        if self.isJSON {
            StandardStreams.out(
                SubscribeOutput.text(.joined(id: nil, room: self.room, position: position, recovered: recovered)))
        } else {
            StandardStreams.err("reading \(self.room) from \(position) on")
        }
    }

    /// Something is missing before what follows.
    func gap(_ position: Position) {
        if self.isJSON { StandardStreams.out(SubscribeOutput.text(.gap(room: self.room, position: position))) }
        StandardStreams.err("gap: messages before \(position) are missing")
    }

    private static func text(_ message: ServerMessage) -> String { String(decoding: message.json, as: UTF8.self) }

    /// JSON in one line: line breaks in it are between tokens.
    static func line(_ json: [UInt8]) -> String {
        String(decoding: json.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }
}
