public import NIOCore
import WebSocketCore

/// Sends one message in pieces, each a fragment; see ``WebSocketConnection/withMessage(_:_:)``.
public struct WebSocketMessageWriter: Sendable {
    let connection: WebSocketConnection

    /// Sends a piece.
    ///
    /// Returns when at most ``WebSocketConfiguration/sendBuffer`` waits for the socket.
    ///
    /// - Parameter bytes: The piece; of text it may end within a character.
    /// - Throws: ``WebSocketError`` when the connection is closing or closed; `CancellationError`.
    public func write(_ bytes: ByteBuffer) async throws {
        try Task.checkCancellation()
        try await self.connection.sendPiece(bytes)
    }
}

extension WebSocketConnection {
    /// Sends one message in pieces, in constant memory: a message of any size, or one whose end is not known yet.
    ///
    /// Other messages that are sent meanwhile wait until it is done; pings, pongs and the closing handshake do not. When
    /// the closure throws, the message cannot be finished: the connection is closed with 1011, and the error is thrown on.
    ///
    /// - Parameters:
    ///   - kind: Text or binary. Text must be UTF-8 as a whole, which is not checked.
    ///   - body: Writes the pieces.
    /// - Throws: ``WebSocketError`` when the connection is closing or closed, or what the closure throws.
    public func withMessage(
        _ kind: WebSocketMessage.Kind, _ body: (WebSocketMessageWriter) async throws -> Void
    ) async throws {
        try await self.beginPieces()
        do {
            try await self.startPieces(kind == .text ? .text : .binary)
            try await body(WebSocketMessageWriter(connection: self))
            self.onLoop { handler in
                if handler.isOpen { handler.enqueueFrame(.continuation, ByteBuffer()) }
                handler.endPieces()
            }
        } catch {
            self.onLoop { handler in
                handler.hot.pointee.isSendingPieces = false
                if let frame = try? CloseFrame(code: .internalError, reason: "message given up") {
                    handler.startClosing(frame)
                }
            }
            throw error
        }
    }

    private func beginPieces() async throws {
        let id = UInt64.random(in: .min ... .max)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                self.onLoop { handler in
                    handler.beginPieces(id: id) { continuation.resume(with: $0) }
                }
            }
        } onCancel: {
            self.onLoop { $0.giveUpWaiting(id: id) }
        }
    }

    private func startPieces(_ opcode: Opcode) async throws {
        try await self.enqueuePiece(ByteBuffer(), opcode)
    }

    func sendPiece(_ bytes: ByteBuffer) async throws {
        try await self.enqueuePiece(bytes, .continuation)
    }

    private func enqueuePiece(_ bytes: ByteBuffer, _ opcode: Opcode) async throws {
        guard self.readyState == .open else { throw WebSocketError(.closed(self.closure)) }
        let id = UInt64.random(in: .min ... .max)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                self.onLoop { handler in
                    guard handler.isOpen else {
                        return continuation.resume(throwing: WebSocketError(.closed(handler.hot.pointee.machine.closure)))
                    }
                    handler.enqueueFrame(opcode, bytes, isFinal: false)
                    handler.waitForRoom(id: id) { continuation.resume(with: $0) }
                }
            }
        } onCancel: {
            self.onLoop { $0.giveUpWaiting(id: id) }
        }
    }
}
