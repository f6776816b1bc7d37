import NIOCore
import WebSocketCore
import WebSocketDeflate

extension WebSocketChannelHandler {
    /// Sends a whole message, compressed if it is long enough.
    func enqueueCompressed(_ opcode: Opcode, _ payload: ByteBuffer) {
        guard let (states, settings) = self.compression(of: payload.readableBytes) else {
            self.enqueueFrame(opcode, payload)
            return
        }
        let compressor = states.beginCompressing(settings)
        var scratch = self.loop.takeScratch()
        compressor.appendMessage(payload, to: &scratch)
        states.doneCompressing()
        if states.sendsAlone, scratch.readableBytes >= payload.readableBytes {
            // It cannot be made smaller. Where messages refer to earlier ones, it goes out all the same: the peer's window
            // must hold what this end's does.
            self.enqueueFrame(opcode, payload)
        } else {
            self.enqueueFrame(opcode, self.sendable(scratch), isCompressed: true)
        }
        self.loop.keepScratch(scratch)
    }

    /// Sends a message that goes to many, whose bytes are compressed once for all.
    func enqueueShared(_ message: SharedMessage, key: Int? = nil, _ cache: inout SharedMessage.Cache) {
        if self.hot.pointee.isHolding {
            return self.hold(HeldMessage(shared: message, key: key))
        }
        guard message.compress,
            let (states, settings) = self.compression(of: message.payload.readableBytes), states.sendsAlone
        else {
            self.enqueueMessage(message.opcode, message.payload, compress: message.compress)
            return
        }
        if let compressed = message.compressed(settings, &cache, self.loop) {
            self.enqueueFrame(message.opcode, compressed, isCompressed: true)
        } else {
            self.enqueueFrame(message.opcode, message.payload)
        }
    }

    /// With what a message of this size is compressed; nil when it is not.
    private func compression(of count: Int) -> (DeflateStates, Compressor.Settings)? {
        guard count > 0, count >= self.configuration.compression?.threshold ?? .max, let states = self.deflateStates(),
            let settings = states.settings
        else { return nil }
        return (states, settings)
    }

    /// The bytes as the channel may hold them: not in a buffer that is far too large for them.
    private func sendable(_ scratch: ByteBuffer) -> ByteBuffer {
        let count = scratch.readableBytes
        guard self.role == .server, count > WebSocketChannelHandler.maxCopiedPayload else { return scratch }
        return count * 2 >= scratch.storageCapacity ? scratch : ByteBuffer(bytes: scratch.readableBytesView)
    }

    // MARK: Pieces

    /// The message in pieces is compressed, if that was agreed on. How long it becomes is not known, so there is no threshold.
    func beginCompressingPieces() {
        guard self.agreement != nil, let states = self.deflateStates(), states.settings != nil else { return }
        states.isCompressingPieces = true
    }

    /// Sends a piece, flushed, so that the peer has it at once.
    func enqueueCompressedPiece(_ bytes: ByteBuffer, isFinal: Bool) {
        guard let states = self.deflate, let settings = states.settings else { return }
        let isFirst = self.pieceOpcode != .continuation
        if isFinal {
            if bytes.readableBytes > 0 {
                self.enqueueCompressedPiece(bytes, isFinal: false)
                self.pieceOpcode = .continuation
                return self.enqueueCompressedPiece(ByteBuffer(), isFinal: true)
            }
            // Of an empty message nothing is compressed; else the tail of the last piece is out, and another empty block has
            // to lose its own.
            let end = isFirst ? ByteBuffer() : ByteBuffer(bytes: [Compressor.emptyBlock])
            self.enqueueFrame(self.pieceOpcode, end)
            return
        }
        var scratch = self.loop.takeScratch()
        if bytes.readableBytes > 0 {
            states.beginCompressing(settings).append(bytes, to: &scratch)
        }
        self.enqueueFrame(self.pieceOpcode, self.sendable(scratch), isFinal: false, isCompressed: isFirst)
        self.loop.keepScratch(scratch)
    }

    /// The message in pieces is done, or given up.
    func endCompressingPieces() {
        guard let states = self.deflate, states.isCompressingPieces else { return }
        states.isCompressingPieces = false
        states.doneCompressing()
    }
}

extension Compressor {
    /// Appends what a whole message becomes, without its tail.
    func appendMessage(_ payload: ByteBuffer, to buffer: inout ByteBuffer) {
        self.append(payload, to: &buffer)
        buffer.moveWriterIndex(to: buffer.writerIndex - Compressor.tail.count)
    }

    /// Appends what a payload becomes, flushed.
    func append(_ payload: ByteBuffer, to buffer: inout ByteBuffer) {
        payload.withUnsafeReadableBytes { input in
            var offset = 0
            var isDone = false
            while true {
                buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Compressor.minRoom) { output in
                    let step = self.compress(input, at: &offset, into: output)
                    isDone = step.isDone
                    return step.written
                }
                if isDone { return }
                // Twice as much, as long as it is not enough.
                buffer.reserveCapacity(minimumWritableBytes: buffer.capacity)
            }
        }
    }
}
