import NIOCore
import WebSocketCore

extension WebSocketChannelHandler {
    /// The most that is reserved for a message beyond what has arrived of it: 4 MiB. Its pages are not touched before bytes
    /// arrive; the bound keeps many large claims from using up address space.
    static let maxReservation = 4 << 20

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Nothing was asked for: the channel reads what is there because the peer has ended its side, or has gone.
        if self.lacksRoom, self.hasFailed(context.channel) { return self.abort() }
        let buffer = self.unwrapInboundIn(data)
        self.loop.enter()
        self.inflatedAtOnce = 0
        self.heard()
        let before = self.rates == nil ? 0 : self.receivedByLoop
        if self.isPaused {
            self.keep(buffer)
        } else if var carried = self.carry.take() {
            // What is left over is at most an incomplete header or control frame, so this is rare.
            carried.writeImmutableBuffer(buffer)
            self.process(carried)
        } else {
            self.process(buffer)
        }
        if self.rates != nil { self.charge(buffer.readableBytes, self.receivedByLoop &- before) }
        self.loop.giveBack(buffer)
        self.loop.leave()
    }

    /// Deals with a whole read: all frames in it, one after the other, until the reader has to catch up.
    func process(_ buffer: ByteBuffer) {
        let now = self.now
        // Held for the whole read, instead of once a message. Both stay what they are, even if the connection ends within.
        let sink = self.sink
        guard let connection = self.connection else { return }
        var offset = 0
        buffer.withUnsafeReadableBytes { bytes in
            // The core unmasks in place. NIO still holds a reference to this buffer while it calls, though it does not look
            // at the bytes any more, so asking for mutable bytes would copy all of them at each read. Writing through the
            // read access is right because nobody else looks: the buffer was filled for this handler alone, it is the last
            // that gets it, and what it handed out of earlier buffers lies in those (a buffer that anybody still holds is
            // never read into again: `takeReceiveBuffer`, and NIO's own pool, ask for unique ownership).
            let region = UnsafeMutableRawBufferPointer(mutating: bytes)
            parsing: while true {
                switch self.hot.pointee.machine.next(in: region, at: &offset, now: now) {
                case .data(let data):
                    self.loop.statistics.pointee.bytesReceived &+= data.range.count
                    if data.isLast { self.loop.statistics.pointee.messagesReceived &+= 1 }
                    if data.isCompressed {
                        self.inflate(data, region, to: sink, connection)
                        if self.isPaused { break parsing }
                        continue
                    }
                    switch sink {
                    case .handler(let handler): self.deliver(data, region, buffer, to: handler, connection)
                    case .queue:
                        self.queue(data, buffer)
                        if self.isReaderFull && self.mustPause {
                            self.isPaused = true
                            break parsing
                        }
                    case .none: break
                    }
                case .ping(let range):
                    self.loop.statistics.pointee.pingsReceived &+= 1
                    // The last thing to send on a connection that this end closes is its Close frame (section 5.5.1).
                    if self.isOpen { self.answerPing(UnsafeRawBufferPointer(rebasing: bytes[range])) }
                case .pong(let range):
                    if !self.pings.isEmpty { self.receivedPong(UnsafeRawBufferPointer(rebasing: bytes[range])) }
                case .needsMoreBytes:
                    break parsing
                case .closing(let action):
                    self.perform(action)
                case .discard:
                    break parsing
                }
            }
        }
        if offset < buffer.readableBytes {
            self.keep(buffer.getSlice(at: buffer.readerIndex + offset, length: buffer.readableBytes - offset)!)
        }
        self.handBatchOver()
    }

    /// Whether the socket was reset, so that no answer can leave any more. What a peer had sent that did not read its answers
    /// is some MiB, and a thousand of them that go at once would hold the loop for seconds.
    ///
    /// Takes the socket's error away: the caller ends the connection.
    private func hasFailed(_ channel: any Channel) -> Bool {
        guard let socket = channel as? any SocketOptionProvider else { return false }
        var error: CInt = 0
        let option: EventLoopFuture<CInt> = socket.unsafeGetSocketOption(level: .socket, name: .so_error)
        // On its own loop the answer is there at once.
        option.assumeIsolated().whenSuccess { error = $0 }
        return error != 0
    }

    /// Keeps bytes for later, in a buffer of their own.
    private func keep(_ bytes: ByteBuffer) {
        if self.carry == nil {
            self.carry = ByteBufferAllocator().buffer(capacity: Swift.max(bytes.readableBytes, 256))
        }
        self.carry!.writeImmutableBuffer(bytes)
    }

    /// Gives the queue what has come together: at the end of a read, when it is enough to fill the queue, and before the
    /// connection's end is told.
    func handBatchOver() {
        guard !self.batch.isEmpty, case .queue(let queue) = self.sink else { return }
        if queue.append(self.batch) { self.isReaderFull = true }
        self.batch.removeAll(keepingCapacity: self.batch.count < 64)
        self.batchBytes = 0
    }

    private func deliver(
        _ data: FrameParser.Data, _ region: UnsafeMutableRawBufferPointer, _ buffer: ByteBuffer,
        to handler: any WebSocketHandler, _ connection: WebSocketConnection
    ) {
        let kind: WebSocketMessage.Kind = data.opcode == .text ? .text : .binary
        if self.takesChunks {
            guard !data.range.isEmpty || data.isFirst || data.isLast else { return }
            let chunk = WebSocketMessageChunk(
                kind: kind, bytes: slice(data.range, of: buffer), isFirst: data.isFirst, isLast: data.isLast)
            handler.received(chunk: chunk, on: connection)
        } else if data.isFirst && data.isLast {
            handler.received(slice(data.range, of: buffer), as: kind, on: connection)
        } else {
            self.gather(UnsafeRawBufferPointer(rebasing: region[data.range]), remaining: data.remainingInFrame)
            guard data.isLast, let message = self.gathered.take() else { return }
            handler.received(message, as: kind, on: connection)
            self.loop.keepBlock(message)
        }
    }

    private func queue(_ data: FrameParser.Data, _ buffer: ByteBuffer) {
        self.dropIfNobodyReads()
        guard !self.isDropping, !data.range.isEmpty || data.isFirst || data.isLast else { return }
        self.queue(
            WebSocketMessageChunk(
                kind: data.opcode == .text ? .text : .binary,
                bytes: kept(self.slice(data.range, of: buffer)),
                isFirst: data.isFirst, isLast: data.isLast))
    }

    /// A connection that this end closes must see the peer's Close frame, even if nobody reads what comes before it.
    func dropIfNobodyReads() {
        if self.isReaderFull && !self.isOpen && !self.hasReader { self.isDropping = true }
    }

    /// Adds a piece to what goes to the queue.
    func queue(_ chunk: WebSocketMessageChunk) {
        self.batch.append(chunk)
        self.batchBytes += chunk.bytes.readableBytes + InboundQueue.overhead
        if self.batchBytes >= self.configuration.receiveBuffer { self.handBatchOver() }
    }

    /// Collects a message whose frames, or bytes, did not come at once. Copying is what lets it be one piece in the end;
    /// the loop's receive buffer stays small enough for the cache that way.
    func gather(_ bytes: UnsafeRawBufferPointer, remaining: Int) {
        guard (self.gathered?.readableBytes ?? 0) + bytes.count <= WebSocketConfiguration.maxCollectedMessage else {
            // The core keeps to this limit where it was told of it at the start.
            self.gathered = nil
            return self.failTooLarge()
        }
        let expected = bytes.count + Swift.min(remaining, WebSocketChannelHandler.maxReservation)
        if self.gathered == nil {
            self.gathered = self.loop.takeBlock(minimum: expected)
        }
        let missing = expected - self.gathered!.writableBytes
        if missing > 0 {
            // At least twice what it has, so that a message of many pieces is not copied for each of them.
            let capacity = self.gathered!.capacity
            self.gathered!.reserveCapacity(Swift.max(capacity + missing, Swift.min(capacity * 2, 1 << 31)))
        }
        self.gathered!.writeBytes(bytes)
    }

    /// Hands a message on when its last piece is there, and collects it until then; a message of one piece is not copied.
    func handWhole(
        _ chunk: WebSocketMessageChunk, to handler: any WebSocketHandler, _ connection: WebSocketConnection
    ) {
        if chunk.isFirst && chunk.isLast { return handler.received(chunk.bytes, as: chunk.kind, on: connection) }
        chunk.bytes.withUnsafeReadableBytes { self.gather($0, remaining: 0) }
        guard chunk.isLast, let message = self.gathered.take() else { return }
        handler.received(message, as: chunk.kind, on: connection)
        self.loop.keepBlock(message)
    }

    private func slice(_ range: Range<Int>, of buffer: ByteBuffer) -> ByteBuffer {
        buffer.getSlice(at: buffer.readerIndex &+ range.lowerBound, length: range.count)!
    }
}

/// The bytes as they may be kept for long: a slice would keep the whole buffer that they are in, so small ones are copied.
func kept(_ slice: ByteBuffer) -> ByteBuffer {
    if slice.readableBytes * 2 >= slice.storageCapacity { return slice }
    var copy = ByteBufferAllocator().buffer(capacity: slice.readableBytes)
    copy.writeImmutableBuffer(slice)
    return copy
}
