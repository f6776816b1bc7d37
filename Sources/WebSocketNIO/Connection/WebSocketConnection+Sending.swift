public import NIOCore
import WebSocketCore

extension WebSocketConnection {
    // MARK: Waiting

    /// Sends a text message.
    ///
    /// What is sent from one task goes out in its order. Returns when at most ``WebSocketConfiguration/sendBuffer`` waits for
    /// the socket: a slow peer slows its sender down. Cancelling the task ends the wait; the message is sent all the same.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - compress: Whether it is compressed, where that was agreed on.
    /// - Throws: ``WebSocketError`` when the connection is closing or closed, or is lost while waiting.
    public func send(_ text: String, compress: Bool = true) async throws {
        try await self.send(ByteBuffer(string: text), opcode: .text, compress)
    }

    /// Sends a binary message; see ``send(_:compress:)-(String,Bool)``.
    ///
    /// - Parameters:
    ///   - bytes: The payload. A server passes large ones on without a copy.
    ///   - compress: Whether it is compressed, where that was agreed on.
    /// - Throws: ``WebSocketError`` when the connection is closing or closed, or is lost while waiting.
    public func send(_ bytes: ByteBuffer, compress: Bool = true) async throws {
        try await self.send(bytes, opcode: .binary, compress)
    }

    /// Sends a message; see ``send(_:compress:)-(String,Bool)``.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - compress: Whether it is compressed, where that was agreed on.
    /// - Throws: ``WebSocketError`` when the connection is closing or closed, or is lost while waiting.
    public func send(_ message: WebSocketMessage, compress: Bool = true) async throws {
        switch message {
        case .text(let text): try await self.send(text, compress: compress)
        case .binary(let bytes): try await self.send(bytes, compress: compress)
        }
    }

    private func send(_ payload: ByteBuffer, opcode: Opcode, _ compress: Bool) async throws {
        guard self.accept(payload, opcode, compress) else { throw WebSocketError(.closed(self.closure)) }
        if self.bufferedAmount >= self.configuration.sendBuffer { try await self.waitForRoom() }
    }

    // MARK: Not waiting

    /// Sends a text message without waiting.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - compress: Whether it is compressed, where that was agreed on.
    ///   - key: What a later message with the same key may replace; see ``SlowConsumerPolicy/keepLatest``.
    /// - Returns: Whether it is on its way, and whether the caller should slow down.
    @discardableResult
    public func trySend(_ text: String, compress: Bool = true, key: Int? = nil) -> SendResult {
        self.trySend(ByteBuffer(string: text), as: .text, compress: compress, key: key)
    }

    /// Sends a message without waiting; see ``trySend(_:as:compress:key:)``.
    @discardableResult
    public func trySend(_ message: WebSocketMessage, compress: Bool = true, key: Int? = nil) -> SendResult {
        switch message {
        case .text(let text): self.trySend(text, compress: compress, key: key)
        case .binary(let bytes): self.trySend(bytes, compress: compress, key: key)
        }
    }

    /// Waits until at most ``WebSocketConfiguration/sendBuffer`` waits for the socket, after ``SendResult/slow``. Cancelling the
    /// task ends the wait.
    ///
    /// - Throws: ``WebSocketError`` when the connection is lost while waiting.
    public func waitForRoom() async throws {
        do {
            try await self.wait { handler, wait, resume in handler.waitForRoom(wait, resume) }
        } catch is CancellationError {
            // Only the wait ends.
        }
    }

    /// Sends a message without waiting.
    ///
    /// On the event loop it is the fastest way: what is sent while bytes are dealt with leaves in one write at their end.
    ///
    /// - Parameters:
    ///   - bytes: The payload; for text it must be UTF-8, which is not checked. A server passes large ones on without a copy.
    ///   - kind: Text or binary.
    ///   - compress: Whether it is compressed, where that was agreed on: not worth it for what is compressed already, such as
    ///     pictures.
    ///   - key: What a later message with the same key may replace; see ``SlowConsumerPolicy/keepLatest``.
    /// - Returns: Whether it is on its way, and whether the caller should slow down.
    @discardableResult
    public func trySend(
        _ bytes: ByteBuffer, as kind: WebSocketMessage.Kind = .binary, compress: Bool = true, key: Int? = nil
    ) -> SendResult {
        let opcode: Opcode = kind == .text ? .text : .binary
        let count = bytes.readableBytes
        if self.isNext {
            return self.sendOnLoop(count, key: key) {
                $0.enqueueMessage(opcode, bytes, compress: compress, isDroppable: true, key: key)
            }
        }
        let result = self.admit(count)
        guard result == .sent || result == .slow else { return result }
        self.eventLoop.execute {
            self.arrive(count, key: key) {
                $0.enqueueMessage(opcode, bytes, compress: compress, isDroppable: true, key: key)
            }
        }
        return result
    }

    /// Sends from the event loop, if there is room.
    @inline(__always)
    func sendOnLoop(
        _ count: Int, key: Int? = nil, _ enqueue: (WebSocketChannelHandler) -> Void
    ) -> SendResult {
        let handler = self.handler
        guard handler.isOpen else { return .closed }
        if !handler.hasRoom {
            handler.hot.pointee.owesDrained = true
            if let result = handler.overflow(count, key: key) { return result }
        }
        enqueue(handler)
        if handler.hasRoom { return .sent }
        handler.hot.pointee.owesDrained = true
        return .slow
    }

    /// Whether a message may go to the event loop; if so it counts as being on its way there, until ``arrive(_:_:)``.
    func admit(_ count: Int) -> SendResult {
        let result = self.admitted(count)
        // On the loop, where something is on its way already: its handler is told when there is room, as ever.
        if result == .slow || result == .full, self.isOnLoop { self.handler.hot.pointee.owesDrained = true }
        return result
    }

    private func admitted(_ count: Int) -> SendResult {
        let waiting = self.bufferedAmount
        guard self.readyState == .open else { return .closed }
        if waiting > 0, waiting + count > self.configuration.maxSendBuffer, let result = self.overflow(count) {
            return result
        }
        self.setOut(count)
        return waiting + count < self.configuration.sendBuffer ? .sent : .slow
    }

    /// What becomes of a message for which there is no room, from another thread.
    private func overflow(_ count: Int) -> SendResult? {
        switch self.configuration.slowConsumers {
        case .wait:
            return .full
        case .dropNewest:
            self.addDropped()
            return .dropped
        case .dropOldest, .keepLatest:
            // The loop makes room, unless it is the loop that does not keep up.
            guard self.inTransitBytes + count > self.configuration.maxSendBuffer else { return nil }
            self.addDropped()
            return .dropped
        case .disconnect(let code):
            if let frame = try? CloseFrame(code: code, reason: SlowConsumerPolicy.reason) { self.startClosing(frame) }
            return .closed
        }
    }

    /// A message that was sent without waiting has come to the event loop. Its place was made sure of before, except where room is
    /// made here.
    func arrive(_ count: Int, key: Int?, _ enqueue: (WebSocketChannelHandler) -> Void) {
        self.arrive(count) { handler in
            if !handler.usesBacklog || handler.hasRoom || handler.overflow(count, key: key) == nil { enqueue(handler) }
        }
    }

    /// A message has come to the event loop.
    private func arrive(_ count: Int, _ enqueue: (WebSocketChannelHandler) -> Void) {
        if self.handler.isOpen {
            self.handler.isAmountWatched = true
            enqueue(self.handler)
            self.setBuffered(self.handler.bufferedBytes)
        }
        // Last: counted twice for a moment it makes a sender wait, not counted at all it would let one through.
        self.arrived(count)
    }

    /// Hands a message to the event loop, however much waits; false when the connection is not open.
    private func accept(_ payload: ByteBuffer, _ opcode: Opcode, _ compress: Bool) -> Bool {
        guard self.readyState == .open else { return false }
        if self.isNext {
            self.handler.enqueueMessage(opcode, payload, compress: compress)
        } else {
            let count = payload.readableBytes
            self.setOut(count)
            self.eventLoop.execute {
                self.arrive(count) { $0.enqueueMessage(opcode, payload, compress: compress) }
            }
        }
        return true
    }
}
