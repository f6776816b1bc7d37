public import NIOCore
import WebSocketCore

/// Sends one message in pieces, each a fragment; see ``WebSocketConnection/withMessage(_:compress:_:)``.
public struct WebSocketMessageWriter: Sendable {
    let connection: WebSocketConnection
    let message: UInt64

    /// Sends a piece.
    ///
    /// Returns when at most ``WebSocketConfiguration/sendBuffer`` waits for the socket.
    ///
    /// - Parameter bytes: The piece; of text it may end within a character.
    /// - Throws: ``WebSocketError`` when the connection is closing or closed, or the message is done; `CancellationError`.
    public func write(_ bytes: ByteBuffer) async throws {
        try Task.checkCancellation()
        try await self.connection.sendPiece(bytes, of: self.message)
    }
}

extension WebSocketConnection {
    /// Sends one message in pieces, in constant memory: a message of any size, or one whose end is not known yet.
    ///
    /// Other messages that are sent meanwhile wait until it is done; pings, pongs and the closing handshake do not. So a `send`
    /// from within the closure may wait for its end, and what waits when the connection is closed is not sent. When
    /// the closure throws after a piece was written, the message cannot be finished: the connection is closed with 1011.
    ///
    /// - Parameters:
    ///   - kind: Text or binary. Text must be UTF-8 as a whole, which is not checked.
    ///   - compress: Whether it is compressed, where that was agreed on: piece by piece, so that each is there at once.
    ///   - body: Writes the pieces.
    /// - Throws: ``WebSocketError`` when the connection is closing or closed, `CancellationError`, or what the closure throws.
    public func withMessage(
        _ kind: WebSocketMessage.Kind, compress: Bool = true, _ body: (WebSocketMessageWriter) async throws -> Void
    ) async throws {
        let message: UInt64 = try await self.wait { handler, wait, resume in
            handler.beginPieces(kind == .text ? .text : .binary, compress: compress, wait, resume)
        }
        do {
            try await body(WebSocketMessageWriter(connection: self, message: message))
        } catch {
            self.onLoop { $0.abandonPieces() }
            throw error
        }
        // Not given up when the task is cancelled: the message is whole.
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            self.onLoop { handler in
                let isOpen = handler.isOpen
                if isOpen { handler.enqueuePiece(ByteBuffer(), isFinal: true) }
                handler.endPieces()
                let end: Result<Void, any Error> =
                    isOpen
                    ? .success(()) : .failure(WebSocketError(.closed(handler.hot.pointee.machine.closure)))
                continuation.resume(with: end)
            }
        }
    }

    func sendPiece(_ bytes: ByteBuffer, of message: UInt64) async throws {
        try await self.wait { (handler, wait, resume: @escaping (Result<Void, any Error>) -> Void) in
            if handler.canSendPiece(of: message) {
                handler.enqueuePiece(bytes, isFinal: false)
                handler.waitForRoom(wait, isPiece: true, resume)
            } else if handler.isOpen {
                resume(.failure(WebSocketError(.messageDone)))
            } else {
                resume(.failure(WebSocketError(.closed(handler.hot.pointee.machine.closure))))
            }
        }
    }
}
