import NIOCore
import WebSocketCore

extension WebSocketChannelHandler {
    /// Up to which size a payload is copied behind its header; beyond, it is passed on as it is. Copying 4 KiB costs less
    /// than a second entry in the channel's list of writes.
    static let maxCopiedPayload = 4 << 10

    /// Somebody who waits for room, or for the end of a message in pieces.
    struct RoomWaiter {
        var wait: LoopWait
        /// It sends a message in pieces: what is held behind that is none of its business, and waits for it.
        var isPiece = false
        var resume: (Result<Void, any Error>) -> Void
    }

    // MARK: Frames

    /// Sends a whole message. The caller has checked that the connection is open.
    ///
    /// - Parameters:
    ///   - opcode: Text or binary.
    ///   - payload: The message.
    ///   - compress: Whether it is compressed, if that was agreed on and the message is long enough.
    ///   - isDroppable: Whether it may be dropped while it waits.
    ///   - key: What a later one with the same key replaces.
    func enqueueMessage(
        _ opcode: Opcode, _ payload: ByteBuffer, compress: Bool, isDroppable: Bool = false, key: Int? = nil
    ) {
        if self.hot.pointee.isHolding {
            self.hold(
                HeldMessage(
                    opcode: opcode, payload: payload, compress: compress, isDroppable: isDroppable, key: key))
        } else if compress, self.agreement != nil {
            self.enqueueCompressed(opcode, payload)
        } else {
            self.enqueueFrame(opcode, payload)
        }
    }

    /// Lays a data frame in the outbox, or a large one behind it.
    func enqueueFrame(_ opcode: Opcode, _ payload: ByteBuffer, isFinal: Bool = true, isCompressed: Bool = false) {
        let count = payload.readableBytes
        let key = self.role == .client ? self.loop.nextMaskingKey() : nil
        let header = FrameHeader(
            opcode: opcode, isFinal: isFinal, isCompressed: isCompressed, payloadCount: count, maskingKey: key)
        self.loop.statistics.pointee.bytesSent &+= count
        if isFinal { self.loop.statistics.pointee.messagesSent &+= 1 }
        self.willWrite()
        if count <= WebSocketChannelHandler.maxCopiedPayload {
            let target = self.room(header.size &+ count)
            let size = header.write(to: target)
            payload.withUnsafeReadableBytes { copy($0, to: target + size, key: key) }
            return
        }
        header.write(to: self.room(header.size))
        self.passOutboxOn()
        self.writeToChannel(key.map { masked(payload, key: $0) } ?? payload)
    }

    /// Whether frames that are laid out already can go out as they are: those of a server are the same for all connections.
    var takesPlainFrames: Bool {
        self.role == .server && self.agreement == nil && !self.hot.pointee.isHolding
    }

    /// Passes on frames of whole messages that are the same for many connections, without a copy.
    ///
    /// - Parameters:
    ///   - frames: The frames.
    ///   - messages: How many messages they are.
    ///   - bytes: The size of their payloads.
    ///   - isLast: Whether they are written at once if nothing else waits. No foreign code is called.
    func enqueueFrames(_ frames: ByteBuffer, messages: Int, bytes: Int, isLast: Bool) {
        self.loop.statistics.pointee.bytesSent &+= bytes
        self.loop.statistics.pointee.messagesSent &+= messages
        var frames = frames
        if isLast, !self.hot.pointee.isDirty, self.hot.pointee.isChannelEmpty {
            self.writePastChannel(&frames)
            if frames.readableBytes == 0 { return }
        }
        self.willWrite()
        self.passOutboxOn()
        self.writeToChannel(frames)
    }

    /// Lays a control frame in the outbox; the payload is at most 125 bytes.
    func enqueueControl(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer) {
        let key = self.role == .client ? self.loop.nextMaskingKey() : nil
        let header = FrameHeader(opcode: opcode, payloadCount: payload.count, maskingKey: key)
        self.willWrite()
        let target = self.room(header.size &+ payload.count)
        let size = header.write(to: target)
        copy(payload, to: target + size, key: key)
    }

    /// Lays a Close frame in the outbox.
    func enqueueClose(_ frame: CloseFrame) {
        let bytes = frame.encoded(maskingKey: self.role == .client ? self.loop.nextMaskingKey() : nil)
        self.willWrite()
        let target = self.room(bytes.count)
        bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    }

    private func willWrite() {
        guard !self.hot.pointee.isDirty else { return }
        self.hot.pointee.isDirty = true
        self.loop.markDirty(self)
    }

    /// Room for so many bytes at the end of the outbox, which the caller fills.
    private func room(_ count: Int) -> UnsafeMutableRawPointer {
        if let target = self.hot.pointee.outbox.append(count) { return target }
        // None yet, or full: the next one is larger, up to the size of those that the loop keeps.
        let size = self.hot.pointee.outbox.capacity
        self.passOutboxOn()
        let minimum = Swift.max(count, Swift.min(size * 2, LoopResources.outboxSize))
        self.hot.pointee.outbox = Outbox(self.loop.takeOutbox(minimum: minimum))
        return self.hot.pointee.outbox.append(count)!
    }

    // MARK: To the channel

    private func passOutboxOn() {
        guard let buffer = self.hot.pointee.outbox.take() else { return }
        self.loop.keepOutbox(buffer)
        self.writeToChannel(buffer)
    }

    private func writeToChannel(_ buffer: ByteBuffer) {
        let unflushed = self.hot.pointee.unflushedBytes
        self.hot.pointee.unflushedBytes = unflushed &+ buffer.readableBytes
        // What is alone goes past the channel, where nothing waits in it.
        if unflushed == 0, self.hot.pointee.isChannelEmpty { return self.hot.pointee.alone = buffer }
        // Until a flush has found out anew: what is sent from within one must not overtake.
        self.hot.pointee.isChannelEmpty = false
        if let alone = self.hot.pointee.alone.take() {
            self.context?.write(self.wrapOutboundOut(alone), promise: nil)
        }
        self.context?.write(self.wrapOutboundOut(buffer), promise: nil)
    }

    /// Writes what has come together, in one system call where the socket takes it. Called by the loop.
    func flush() {
        self.hot.pointee.isDirty = false
        self.passOutboxOn()
        // Nothing empty is ever handed to the channel but a marker, which flushes itself.
        guard self.hot.pointee.unflushedBytes > 0 else { return }
        self.hot.pointee.unflushedBytes = 0
        if let alone = self.hot.pointee.alone.take() {
            self.writeAlone(alone)
        } else {
            self.context?.flush()
            self.hot.pointee.isChannelEmpty = self.socket != nil && self.countedByChannel == 0
        }
        if self.hot.pointee.isSocketFull { self.countQueued() }
        if self.isAmountWatched { self.updateBufferedAmount() }
    }

    /// Writes to the socket, and hands the channel what that does not take now.
    private func writeAlone(_ buffer: ByteBuffer) {
        var buffer = buffer
        if self.hot.pointee.isChannelEmpty { self.writePastChannel(&buffer) }
        guard buffer.readableBytes > 0 else { return }
        self.context?.writeAndFlush(self.wrapOutboundOut(buffer), promise: nil)
    }

    /// Writes to the socket what that takes now. The rest is the channel's.
    private func writePastChannel(_ buffer: inout ByteBuffer) {
        let written = buffer.withUnsafeReadableBytes { self.socket?.write($0) ?? 0 }
        buffer.moveReaderIndex(forwardBy: written)
        if buffer.readableBytes > 0 { self.hot.pointee.isChannelEmpty = false }
    }

    /// How many bytes wait here and in the channel.
    var bufferedBytes: Int {
        self.hot.pointee.outbox.count + self.hot.pointee.heldBytes + self.channelBufferedBytes
    }

    /// How many bytes wait in the channel. TLS keeps back what is not flushed, so that the channel does not count it.
    private var channelBufferedBytes: Int {
        Swift.max(self.countedByChannel, self.hot.pointee.unflushedBytes)
    }

    private var countedByChannel: Int {
        if let stream { return stream.waitingBytes }
        return (try? self.context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Tells the loop's statistics how many bytes wait, where the socket is full.
    func countQueued() {
        let queued = self.hot.pointee.isSocketFull && self.connection != nil ? self.bufferedBytes : 0
        guard queued != self.queuedInStatistics else { return }
        self.loop.statistics.pointee.queued += queued - self.queuedInStatistics
        self.queuedInStatistics = queued
    }

    /// Tells other threads how many bytes wait, and sees to it that they are told when nothing waits any more.
    func updateBufferedAmount() {
        self.tellAmount()
        // What is not flushed yet is looked at again after the flush.
        guard self.countedByChannel > 0, self.hot.pointee.unflushedBytes == 0, !self.isDrainMarkerPending, self.isOpen,
            let context = self.context
        else { return }
        // An empty write is done when all before it is. One that fails (TLS fails it at once when its writing side has ended)
        // is not repeated.
        self.isDrainMarkerPending = true
        let done = context.eventLoop.makePromise(of: Void.self)
        done.futureResult.assumeIsolated().whenComplete { result in
            self.isDrainMarkerPending = false
            if case .success = result, self.context != nil { self.updateBufferedAmount() }
        }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: done)
    }

    func tellAmount() {
        let waiting = self.bufferedBytes
        self.connection?.setBuffered(waiting)
        self.onAmount?(waiting)
    }

    // MARK: Waiting for room

    var hasRoom: Bool {
        !self.hot.pointee.isSocketFull && self.hot.pointee.heldBytes < self.configuration.sendBuffer
            && self.hot.pointee.unflushedBytes < self.configuration.sendBuffer
    }

    /// Lets those go on who wait for room, if there is some. Called by the loop after a flush, and when the socket takes more.
    func tellRoom() {
        if !self.hot.pointee.isSocketFull, let payload = self.unansweredPing.take(), self.isOpen {
            self.loop.enter()
            payload.withUnsafeBytes { self.enqueueControl(.pong, $0) }
            self.loop.leave()
        }
        if self.hot.pointee.isHolding { self.releaseHeld() }
        self.resumeInput()
        self.resumeRoomWaiters()
        guard self.hot.pointee.owesDrained, self.hasRoom else { return }
        self.hot.pointee.owesDrained = false
        guard self.isOpen, case .handler(let handler) = self.sink, let connection = self.connection else { return }
        self.loop.enter()
        handler.drained(connection)
        self.loop.leave()
    }

    /// Whether a message in pieces can go on.
    private var hasRoomForPiece: Bool {
        !self.hot.pointee.isSocketFull && self.hot.pointee.unflushedBytes < self.configuration.sendBuffer
    }

    /// Remembers somebody who waits for room.
    func waitForRoom(
        _ wait: LoopWait, isPiece: Bool = false, _ resume: @escaping (Result<Void, any Error>) -> Void
    ) {
        if self.connection == nil {
            resume(.failure(WebSocketError(.closed(self.hot.pointee.machine.closure))))
        } else if isPiece ? self.hasRoomForPiece : self.hasRoom {
            resume(.success(()))
        } else {
            self.roomWaiters.append(RoomWaiter(wait: wait, isPiece: isPiece, resume: resume))
        }
    }

    func resumeRoomWaiters() {
        guard !self.roomWaiters.isEmpty, self.hasRoomForPiece else { return }
        let hasRoom = self.hasRoom
        let ready = self.roomWaiters.filter { $0.isPiece || hasRoom }
        self.roomWaiters.removeAll { $0.isPiece || hasRoom }
        for waiter in ready { waiter.resume(.success(())) }
    }

    /// Ends a wait: its task was cancelled.
    func giveUp(_ wait: LoopWait) {
        if let index = self.roomWaiters.firstIndex(where: { $0.wait === wait }) {
            self.roomWaiters.remove(at: index).resume(.failure(CancellationError()))
        } else if let index = self.pieceWaiters.firstIndex(where: { $0.wait === wait }) {
            self.pieceWaiters.remove(at: index).resume(.failure(CancellationError()))
        } else if let index = self.pings.firstIndex(where: { $0.wait === wait }) {
            self.pings.remove(at: index).resume(.failure(CancellationError()))
        }
    }
}

/// Copies a payload, masked by the key where there is one.
private func copy(_ payload: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer, key: UInt32?) {
    guard let base = payload.baseAddress, !payload.isEmpty else { return }
    if let key {
        Masking.copy(payload, to: target, key: key)
    } else {
        target.copyMemory(from: base, byteCount: payload.count)
    }
}

/// A masked copy of a payload; the payload is the caller's, and stays as it is.
private func masked(_ payload: ByteBuffer, key: UInt32) -> ByteBuffer {
    var result = ByteBufferAllocator().buffer(capacity: payload.readableBytes)
    result.writeWithUnsafeMutableBytes(minimumWritableBytes: payload.readableBytes) { target in
        payload.withUnsafeReadableBytes { copy($0, to: target.baseAddress!, key: key) }
        return payload.readableBytes
    }
    return result
}
