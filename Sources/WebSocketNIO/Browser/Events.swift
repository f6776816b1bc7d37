public import NIOCore

/// Something that happened to a ``WebSocket`` (DOM standard, section 2.2): the open event, and what others hold in common.
public struct Event: Sendable {
    /// The event's name: "open".
    public let type: String
    /// What it happened to.
    public let target: WebSocket

    /// Makes an event.
    public init(type: String, target: WebSocket) {
        self.type = type
        self.target = target
    }
}

/// A message has arrived (HTML standard, section 9.1).
public struct MessageEvent: Sendable {
    /// A message's content.
    public enum Data: Sendable, Hashable {
        /// A text message.
        case string(String)
        /// A binary message, while ``WebSocket/binaryType`` is ``BinaryType/blob``.
        case blob(Blob)
        /// A binary message, while ``WebSocket/binaryType`` is ``BinaryType/arrayBuffer``.
        case arrayBuffer(ByteBuffer)
    }

    /// "message".
    public var type: String { "message" }
    /// What it happened to.
    public let target: WebSocket
    /// The message.
    public let data: Data
    /// The origin of the WebSocket's address, such as "ws://localhost:3000".
    public let origin: String

    /// Makes an event.
    public init(target: WebSocket, data: Data, origin: String = "") {
        self.target = target
        self.data = data
        self.origin = origin
    }
}

extension MessageEvent.Data: CustomStringConvertible {
    /// The text of a text message; what a binary one is.
    public var description: String {
        switch self {
        case .string(let text): text
        case .blob(let blob): blob.description
        case .arrayBuffer(let buffer): "ArrayBuffer(byteLength: \(buffer.readableBytes))"
        }
    }
}

/// The connection failed. A close event follows.
public struct ErrorEvent: Sendable {
    /// "error".
    public var type: String { "error" }
    /// What it happened to.
    public let target: WebSocket
    /// What went wrong, which a browser hides from a page.
    public let error: any Error
    /// The same in one line.
    public var message: String { "\(self.error)" }

    /// Makes an event.
    public init(target: WebSocket, error: any Error) {
        self.target = target
        self.error = error
    }
}

/// The connection is closed (WebSockets standard, section 6). The last event.
public struct CloseEvent: Sendable {
    /// "close".
    public var type: String { "close" }
    /// What it happened to.
    public let target: WebSocket
    /// Whether both ends took part in the closing handshake.
    public let wasClean: Bool
    /// The code that the peer sent; 1005 when it sent none, 1006 when the connection was lost or failed.
    public let code: Int
    /// The reason that the peer sent, or "".
    public let reason: String

    /// Makes an event.
    public init(target: WebSocket, wasClean: Bool = false, code: Int = 0, reason: String = "") {
        self.target = target
        self.wasClean = wasClean
        self.code = code
        self.reason = reason
    }
}
