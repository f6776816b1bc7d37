import NIOCore
import WebSocketCore
import WebSocketNIO

/// Remembers what a handler is told, and can answer.
final class Recorder: WebSocketHandler {
    enum Event: Equatable {
        case opened
        case message([UInt8], WebSocketMessage.Kind)
        case chunk([UInt8], first: Bool, last: Bool)
        case drained
        case closed(Closure)
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
}
