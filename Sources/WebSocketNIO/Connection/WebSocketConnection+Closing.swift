import NIOCore
public import WebSocketCore

extension WebSocketConnection {
    /// Closes the connection, and waits until it is gone: at most ``WebSocketConfiguration/closeTimeout``.
    ///
    /// Messages that arrive before the peer's Close frame are still handed on; they are dropped only when there is no
    /// iterator of ``messages`` or ``chunks`` and ``WebSocketConfiguration/receiveBuffer`` is full. Cancelling the task does not end the wait.
    ///
    /// - Parameters:
    ///   - code: One that may be sent (``CloseCode/isAllowedOnWire``).
    ///   - reason: At most ``CloseFrame/maxReason`` bytes of UTF-8.
    /// - Returns: How it ended.
    /// - Throws: ``ProtocolError`` when the code or the reason may not be sent; then nothing happens.
    @discardableResult
    public func close(
        code: CloseCode = .normalClosure, reason: String = ""
    ) async throws(ProtocolError) -> Closure {
        try self.startClosing(code: code, reason: reason)
        return await self.closed
    }

    /// Starts the closing handshake, and does not wait.
    ///
    /// - Parameters:
    ///   - code: One that may be sent (``CloseCode/isAllowedOnWire``).
    ///   - reason: At most ``CloseFrame/maxReason`` bytes of UTF-8.
    /// - Throws: ``ProtocolError`` when the code or the reason may not be sent; then nothing happens.
    public func startClosing(code: CloseCode = .normalClosure, reason: String = "") throws(ProtocolError) {
        self.startClosing(try CloseFrame(code: code, reason: reason))
    }

    func startClosing(_ frame: CloseFrame) {
        self.leaveOpen()
        self.onLoop { $0.startClosing(frame) }
    }

    /// Cuts the connection without a closing handshake, soon: the peer sees 1006.
    public func abort() {
        // Never at once, even on the loop: a handler must not be told of the end within one of its own calls.
        self.eventLoop.execute { self.handler.abort() }
    }

    /// Pings the peer, and waits for the pong.
    ///
    /// - Parameter payload: At most 125 bytes; by default a number that no other ping of this connection has.
    /// - Returns: How long the answer took.
    /// - Throws: ``WebSocketError`` when the payload is too long or the connection ends before the answer;
    ///   `CancellationError` when the task is cancelled.
    @discardableResult
    public func ping(_ payload: [UInt8]? = nil) async throws -> Duration {
        guard (payload?.count ?? 0) <= FrameHeader.maxControlPayload else {
            throw WebSocketError(.pingTooLong(payload?.count ?? 0))
        }
        return try await self.wait { handler, wait, resume in handler.ping(payload, wait, resume) }
    }
}
