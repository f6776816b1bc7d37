public import NIOCore
public import WebSocketCore

/// What happens on a connection, as calls on its event loop: for those who want the last bit of speed.
///
/// All calls of one connection come from its loop, one after the other, never nested; what they send leaves in one write
/// when the bytes at hand are dealt with. A handler must not block.
///
/// On a server nothing is read while more than ``WebSocketConfiguration/sendBuffer`` waits for the socket, so a handler that
/// answers each message cannot be flooded. On a client reading goes on: if both ends stopped, they could wait for each other
/// for ever. There ``WebSocketConnection/trySend(_:as:compress:key:)`` tells when it is too much.
public protocol WebSocketHandler {
    /// Whether messages are handed on by ``received(chunk:on:)`` as they arrive, instead of whole. Asked once, at the start.
    var takesChunks: Bool { get }

    /// The connection is open. The first call.
    func opened(_ connection: WebSocketConnection)

    /// A whole message.
    ///
    /// - Parameters:
    ///   - bytes: The payload, unmasked; text was checked to be UTF-8. It may be kept, and sent without a copy, but what
    ///     is kept keeps the whole read of up to 512 KiB alive: copy small pieces that are to be kept for long.
    ///   - kind: Text or binary.
    ///   - connection: Where it came from.
    func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection)

    /// A piece of a message; see ``takesChunks``. The same about keeping it.
    func received(chunk: WebSocketMessageChunk, on connection: WebSocketConnection)

    /// There is room again, after ``WebSocketConnection/trySend(_:as:compress:key:)`` answered ``SendResult/slow`` or ``SendResult/full``, or
    /// more than ``WebSocketConfiguration/sendBuffer`` waited for the socket.
    func drained(_ connection: WebSocketConnection)

    /// The connection is gone. The last call.
    func closed(_ connection: WebSocketConnection, _ closure: Closure)
}

extension WebSocketHandler {
    /// False: messages are handed on whole.
    public var takesChunks: Bool { false }
    /// Does nothing.
    public func opened(_ connection: WebSocketConnection) {}
    /// Does nothing.
    public func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {}
    /// Does nothing.
    public func received(chunk: WebSocketMessageChunk, on connection: WebSocketConnection) {}
    /// Does nothing.
    public func drained(_ connection: WebSocketConnection) {}
    /// Does nothing.
    public func closed(_ connection: WebSocketConnection, _ closure: Closure) {}
}
