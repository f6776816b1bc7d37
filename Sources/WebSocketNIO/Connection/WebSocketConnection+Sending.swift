public import NIOCore
import WebSocketCore

extension WebSocketConnection {
    // MARK: Waiting

    /// Sends a text message.
    ///
    /// What is sent from one task goes out in its order. Returns when at most ``WebSocketConfiguration/sendBuffer`` waits for
    /// the socket: a slow peer slows its sender down. Cancelling the task ends the wait; the message is sent all the same.
    ///
    /// - Parameter text: The text.
    /// - Throws: ``WebSocketError`` when the connection is closing or closed, or is lost while waiting.
    public func send(_ text: String) async throws {
        try await self.send(ByteBuffer(string: text), opcode: .text)
    }

    /// Sends a binary message; see ``send(_:)-(String)``.
    ///
    /// - Parameter bytes: The payload. A server passes large ones on without a copy.
    /// - Throws: ``WebSocketError`` when the connection is closing or closed, or is lost while waiting.
    public func send(_ bytes: ByteBuffer) async throws {
        try await self.send(bytes, opcode: .binary)
    }

    /// Sends a message; see ``send(_:)-(String)``.
    ///
    /// - Parameter message: The message.
    /// - Throws: ``WebSocketError`` when the connection is closing or closed, or is lost while waiting.
    public func send(_ message: WebSocketMessage) async throws {
        switch message {
        case .text(let text): try await self.send(text)
        case .binary(let bytes): try await self.send(bytes)
        }
    }

    private func send(_ payload: ByteBuffer, opcode: Opcode) async throws {
        guard self.accept(payload, opcode) else { throw WebSocketError(.closed(self.closure)) }
        if self.bufferedAmount >= self.configuration.sendBuffer {
            do {
                try await self.wait { handler, wait, resume in handler.waitForRoom(wait, resume) }
            } catch is CancellationError {
                // The message is on its way; only the wait ends.
            }
        }
    }

    // MARK: Not waiting

    /// Sends a text message without waiting.
    ///
    /// - Parameter text: The text.
    /// - Returns: Whether it is on its way, and whether the caller should slow down.
    @discardableResult
    public func trySend(_ text: String) -> SendResult {
        self.trySend(ByteBuffer(string: text), as: .text)
    }

    /// Sends a message without waiting.
    ///
    /// On the event loop it is the fastest way: what is sent while bytes are dealt with leaves in one write at their end.
    ///
    /// - Parameters:
    ///   - bytes: The payload; for text it must be UTF-8, which is not checked. A server passes large ones on without a copy.
    ///   - kind: Text or binary.
    /// - Returns: Whether it is on its way, and whether the caller should slow down.
    @discardableResult
    public func trySend(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind = .binary) -> SendResult {
        let opcode: Opcode = kind == .text ? .text : .binary
        let count = bytes.readableBytes
        if self.isOnLoop {
            let handler = self.handler
            guard handler.isOpen else { return .closed }
            if !handler.hasRoom {
                handler.hot.pointee.owesDrained = true
                guard handler.bufferedBytes + count <= self.configuration.maxSendBuffer else { return .full }
            }
            handler.enqueueMessage(opcode, bytes)
            if handler.hasRoom { return .sent }
            handler.hot.pointee.owesDrained = true
            return .slow
        }
        let waiting = self.bufferedAmount
        guard waiting == 0 || waiting + count <= self.configuration.maxSendBuffer else {
            return self.readyState == .open ? .full : .closed
        }
        guard self.accept(bytes, opcode) else { return .closed }
        return waiting + count < self.configuration.sendBuffer ? .sent : .slow
    }

    /// Hands a message to the event loop; false when the connection is not open.
    private func accept(_ payload: ByteBuffer, _ opcode: Opcode) -> Bool {
        guard self.readyState == .open else { return false }
        if self.isOnLoop {
            self.handler.enqueueMessage(opcode, payload)
        } else {
            let count = payload.readableBytes
            self.addInTransit(count)
            self.eventLoop.execute {
                self.addInTransit(-count)
                if self.handler.isOpen {
                    self.handler.isAmountWatched = true
                    self.handler.enqueueMessage(opcode, payload)
                    self.setBuffered(self.handler.bufferedBytes)
                }
            }
        }
        return true
    }
}
