package import RealtimeCore

/// In what form a stream's messages flow.
package enum StreamFormat: Hashable, Sendable {
    /// Server-sent events, as the HTML standard has them in section 9.2.
    case events
    /// An object in each line.
    case lines
    /// A script in a page for each object, which calls the function.
    case scripts(ScriptCallback)

    /// What the query's `format=` and the field `Accept` ask for; the first counts more, and events are the default. Of what
    /// `Accept` has, the first that there is counts: weights are ignored.
    ///
    /// - Throws: ``WireError`` of the code `invalid_request` for another format, or for what is no callback.
    package init(format: String? = nil, accept: String? = nil, callback: String? = nil) throws(WireError) {
        switch format ?? StreamFormat.format(accept ?? "") {
        case "sse": self = .events
        case "ndjson": self = .lines
        case "html":
            guard let callback else {
                self = .scripts(.standard)
                return
            }
            self = .scripts(try ScriptCallback(callback))
        default: throw WireError(.invalidRequest, "'format' must be 'sse', 'ndjson' or 'html'")
        }
    }

    private static func format(_ accept: String) -> String {
        for range in accept.split(separator: ",") {
            switch range.prefix(while: { $0 != ";" }).filter({ $0 != " " && $0 != "\t" }).lowercased() {
            case "text/event-stream": return "sse"
            case "application/x-ndjson": return "ndjson"
            case "text/html": return "html"
            default: continue
            }
        }
        return "sse"
    }

    /// The media type.
    package var contentType: String {
        switch self {
        case .events: "text/event-stream"
        case .lines: "application/x-ndjson"
        case .scripts: "text/html; charset=utf-8"
        }
    }

    /// The least bytes of a page before browsers begin to show it, and to run its scripts: 1 KiB. Some look that far for the
    /// encoding and the type.
    package static let pagePadding = 1024

    /// The fields that a page of scripts needs beside its type; none for the others.
    ///
    /// The function's name comes from a link. Without these fields a page of a stranger could open or frame this one so that
    /// `callback=opener.…` or `callback=top.….click` calls what is in a third page, one of this server's own origin. So it
    /// has no opener when it is a page of its own, and only these origins may frame it; nothing but its scripts is loaded.
    ///
    /// - Parameter origins: The other origins that may frame it, such as `https://example.com`. What is none is left out.
    package func fields(allowing origins: [String] = []) -> [(name: String, value: String)] {
        guard case .scripts = self else { return [] }
        let others = origins.filter { origin in
            origin.contains("://") && origin.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2C && $0 != 0x3B }
        }
        let ancestors = (["'self'"] + others).joined(separator: " ")
        return [
            ("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; frame-ancestors \(ancestors)"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ]
    }

    /// What comes first, before ``joined(room:position:recovered:)``.
    package var prologue: [UInt8] {
        switch self {
        case .events: return Array(": duplex\n\n".utf8)
        case .lines: return []
        case .scripts:
            let start = "<!doctype html><meta charset=\"utf-8\"><title>duplex</title><!--"
            let end = "-->\n"
            let padding = StreamFormat.pagePadding - start.utf8.count - end.utf8.count
            return Array((start + String(repeating: " ", count: padding) + end).utf8)
        }
    }

    /// What comes when nothing else does.
    package var heartbeat: [UInt8] {
        switch self {
        case .events: Array(":\n\n".utf8)
        case .lines: Array("\n".utf8)
        case .scripts: Array("<!-- -->\n".utf8)
        }
    }

    /// From where it continues.
    package func joined(room: RoomName, position: Position, recovered: Bool) -> [UInt8] {
        switch self {
        case .events:
            var writer = StreamFormat.event("joined", at: position)
            writer.raw("{")
            writer.place(room, position)
            writer.raw(#","recovered":"#)
            writer.bool(recovered)
            writer.raw("}\n\n")
            return writer.bytes
        case .lines, .scripts:
            let message = ServerMessage.joined(id: nil, room: room, position: position, recovered: recovered)
            return self.object(message.json)
        }
    }

    /// A message. It is the same for all who read the room in this format.
    package func message(_ message: MessageWire, room: RoomName) -> [UInt8] {
        switch self {
        case .events:
            var writer = StreamFormat.event(nil, at: message.position, capacity: message.json.count + 64)
            writer.raw(message.line)
            writer.raw("\n\n")
            return writer.bytes
        case .lines, .scripts:
            let json = message.frame(in: room)
            return self.object(message.isOneLine ? json : JSONEmbedding.line(json))
        }
    }

    /// Something is missing; it continues behind the position.
    package func gap(room: RoomName, position: Position) -> [UInt8] {
        switch self {
        case .events:
            var writer = StreamFormat.event("gap", at: position)
            writer.raw("{")
            writer.place(room, position)
            writer.raw("}\n\n")
            return writer.bytes
        case .lines, .scripts:
            return self.object(ServerMessage.gap(room: room, position: position).json)
        }
    }

    /// An event up to its data; of the type `message` where none is given.
    private static func event(_ type: StaticString?, at position: Position, capacity: Int = 256) -> JSONWriter {
        var writer = JSONWriter(capacity: capacity)
        if let type {
            writer.raw("event: ")
            writer.raw(type)
            writer.raw("\n")
        }
        writer.raw("id: ")
        writer.raw(position.text.utf8)
        writer.raw("\ndata: ")
        return writer
    }

    /// The object, which has no line breaks, as a line or as a call.
    private func object(_ json: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(capacity: json.count + 96)
        if case .scripts(let callback) = self {
            writer.raw("<script>")
            writer.raw(callback.text.utf8)
            writer.raw("(")
            writer.raw(JSONEmbedding.expression(json))
            writer.raw(")</script>\n")
        } else {
            writer.raw(json)
            writer.raw("\n")
        }
        return writer.bytes
    }
}
