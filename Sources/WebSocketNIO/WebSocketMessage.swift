public import NIOCore

/// A whole message (RFC 6455, section 5.6).
public enum WebSocketMessage: Sendable, Hashable {
    /// Which of the two kinds a message is.
    public enum Kind: Sendable, Hashable {
        /// UTF-8 text.
        case text
        /// Bytes.
        case binary
    }

    /// Text.
    case text(String)
    /// Bytes.
    case binary(ByteBuffer)

    /// Makes a message of received bytes. Text was checked to be UTF-8 when it arrived.
    ///
    /// - Parameters:
    ///   - bytes: The payload.
    ///   - kind: What it is.
    public init(_ bytes: ByteBuffer, as kind: Kind) {
        switch kind {
        case .text: self = .text(String(buffer: bytes))
        case .binary: self = .binary(bytes)
        }
    }

    /// Which kind the message is.
    public var kind: Kind {
        switch self {
        case .text: .text
        case .binary: .binary
        }
    }
}

/// A piece of a message, as it arrived. Where a message is cut says nothing: pieces follow the network, not the frames.
public struct WebSocketMessageChunk: Sendable, Hashable {
    /// What the message is. A piece of text may begin or end within a character.
    public var kind: WebSocketMessage.Kind
    /// The bytes, perhaps none.
    public var bytes: ByteBuffer
    /// Whether the message starts here.
    public var isFirst: Bool
    /// Whether the message ends here.
    public var isLast: Bool

    /// Makes a piece of a message.
    public init(kind: WebSocketMessage.Kind, bytes: ByteBuffer, isFirst: Bool, isLast: Bool) {
        self.kind = kind
        self.bytes = bytes
        self.isFirst = isFirst
        self.isLast = isLast
    }
}
