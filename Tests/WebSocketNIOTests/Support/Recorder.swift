import NIOCore
import WebSocketCore
import WebSocketNIO

/// Remembers what a handler is told, and can answer.
final class Recorder: WebSocketHandler {
    enum Event: Equatable, CustomStringConvertible, CustomReflectable {
        case opened
        case message([UInt8], WebSocketMessage.Kind)
        case chunk([UInt8], first: Bool, last: Bool)
        case drained
        case closed(Closure)

        // Of many bytes a test that fails tells the number: to show them would take minutes.
        var description: String {
            switch self {
            case .opened: "opened"
            case .message(let bytes, let kind): "\(kind) message of \(Bytes(bytes))"
            case .chunk(let bytes, let first, let last): "chunk of \(Bytes(bytes)), first: \(first), last: \(last)"
            case .drained: "drained"
            case .closed(let closure): "closed: \(closure)"
            }
        }
        var customMirror: Mirror { Mirror(self, children: []) }
    }

    var events: [Event] = []
    let takesChunks: Bool
    var onMessage: (WebSocketConnection, ByteBuffer, WebSocketMessage.Kind) -> Void = { _, _, _ in }

    init(takesChunks: Bool = false) {
        self.takesChunks = takesChunks
    }

    func opened(_ connection: WebSocketConnection) { self.events.append(.opened) }

    func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
        self.events.append(.message(Array(bytes.readableBytesView), kind))
        self.onMessage(connection, bytes, kind)
    }

    func received(chunk: WebSocketMessageChunk, on connection: WebSocketConnection) {
        self.events.append(.chunk(Array(chunk.bytes.readableBytesView), first: chunk.isFirst, last: chunk.isLast))
    }

    func drained(_ connection: WebSocketConnection) { self.events.append(.drained) }

    func closed(_ connection: WebSocketConnection, _ closure: Closure) { self.events.append(.closed(closure)) }

    /// The messages, as text where they are.
    var texts: [String] {
        self.events.compactMap {
            if case .message(let bytes, .text) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil }
        }
    }

    /// The messages that came in pieces, put together; nil where their ends do not fit.
    var joined: [Bytes]? {
        var messages: [[UInt8]] = []
        var isInside = false
        for case .chunk(let bytes, let isFirst, let isLast) in self.events {
            guard isFirst != isInside else { return nil }
            if isFirst { messages.append([]) }
            messages[messages.count - 1] += bytes
            isInside = !isLast
        }
        return isInside ? nil : messages.map { Bytes($0) }
    }

    /// How many bytes came in pieces.
    var pieceBytes: Int {
        self.events.reduce(0) { if case .chunk(let bytes, _, _) = $1 { $0 + bytes.count } else { $0 } }
    }
}
