import NIOCore
import WebSocketCore

/// Messages in pieces: one at a time, each piece a fragment; see `WebSocketConnection.withMessage`.
extension WebSocketChannelHandler {
    /// Starts a message in pieces as soon as no other one is under way.
    ///
    /// - Parameters:
    ///   - opcode: The kind of the message.
    ///   - compress: Whether it is compressed, if that was agreed on.
    ///   - wait: Names the wait, to give it up.
    ///   - resume: Called with the number of the message, which each of its pieces has to name.
    func beginPieces(
        _ opcode: Opcode, compress: Bool, _ wait: LoopWait, _ resume: @escaping (Result<UInt64, any Error>) -> Void
    ) {
        let resume = { (result: Result<Void, any Error>) in
            resume(
                result.map {
                    self.pieceOpcode = opcode
                    if compress { self.beginCompressingPieces() }
                    self.pieceMessage += 1
                    return self.pieceMessage
                })
        }
        if !self.isOpen {
            resume(.failure(WebSocketError(.closed(self.hot.pointee.machine.closure))))
        } else if self.hot.pointee.isSendingPieces {
            self.pieceWaiters.append(RoomWaiter(wait: wait, resume: resume))
        } else {
            self.setSendingPieces(true)
            resume(.success(()))
        }
    }

    private func setSendingPieces(_ isSending: Bool) {
        self.hot.pointee.isSendingPieces = isSending
        if isSending { self.hot.pointee.isHolding = true }
    }

    /// Sends a piece: the first one names the kind of the message.
    func enqueuePiece(_ bytes: ByteBuffer, isFinal: Bool) {
        if self.deflate?.isCompressingPieces == true {
            self.enqueueCompressedPiece(bytes, isFinal: isFinal)
        } else {
            self.enqueueFrame(self.pieceOpcode, bytes, isFinal: isFinal)
        }
        self.pieceOpcode = .continuation
    }

    /// Whether a message in pieces can still have pieces.
    func canSendPiece(of message: UInt64) -> Bool {
        self.isOpen && self.hot.pointee.isSendingPieces && self.pieceMessage == message
    }

    /// The message in pieces is done: what waited goes out, and then the next one may start.
    func endPieces() {
        self.setSendingPieces(false)
        self.endCompressingPieces()
        self.releaseHeld()
        self.tellRoom()
        if self.isOpen, !self.pieceWaiters.isEmpty {
            self.setSendingPieces(true)
            self.pieceWaiters.removeFirst().resume(.success(()))
        }
    }

    /// The message in pieces is not finished. Once a part of it is out, nothing can follow but the end of the connection.
    func abandonPieces() {
        if self.pieceOpcode == .continuation,
            let frame = try? CloseFrame(code: .internalError, reason: "message given up")
        {
            self.startClosing(frame)
        }
        self.endPieces()
    }
}
