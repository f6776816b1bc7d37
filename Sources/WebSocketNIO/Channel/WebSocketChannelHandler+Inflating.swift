import NIOCore
import WebSocketCore
import WebSocketDeflate

extension WebSocketChannelHandler {
    /// Inflates what has arrived of a message, and hands it on. It may have to pause: then the rest is kept.
    func inflate(
        _ data: FrameParser.Data, _ region: UnsafeMutableRawBufferPointer, to sink: Sink,
        _ connection: WebSocketConnection
    ) {
        guard !self.isDropping, let states = self.deflateStates() else { return }
        if data.isFirst { states.beginInflating(data.opcode == .text ? .text : .binary) }
        self.inflate(
            UnsafeRawBufferPointer(rebasing: region[data.range]), isLast: data.isLast, states, to: sink, connection)
    }

    /// Goes on with what was kept.
    func inflateRest() {
        guard let connection = self.connection, let states = self.deflate, let rest = states.rest.take() else { return }
        rest.bytes.withUnsafeReadableBytes {
            self.inflate($0, isLast: rest.isLast, states, to: self.sink, connection)
        }
        self.handBatchOver()
    }

    private func inflate(
        _ input: UnsafeRawBufferPointer, isLast: Bool, _ states: DeflateStates, to sink: Sink,
        _ connection: WebSocketConnection
    ) {
        var offset = 0
        // Whoever gets a piece may end the connection.
        while self.connection != nil, !self.isDropping {
            if self.mustPauseInflating {
                states.rest = DeflateStates.Rest(
                    bytes: ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: input[offset...])), isLast: isLast)
                return
            }
            var piece = self.loop.takeScratch()
            var outcome = MessageInflater.Outcome.needsInput
            let decompressor = states.inflatingDecompressor
            piece.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { output in
                let step = states.inflater.next(
                    input, at: &offset, isLast: isLast, into: output, with: decompressor)
                outcome = step.outcome
                return step.count
            }
            if case .failed(let error) = outcome {
                self.gathered = nil
                self.perform(self.hot.pointee.machine.fail(error, now: self.now))
                return
            }
            self.inflatedAtOnce += piece.readableBytes
            self.hand(piece, isLast: outcome == .ended, states, to: sink, connection)
            switch outcome {
            case .needsRoom: continue
            case .ended:
                states.doneInflating()
                return
            case .needsInput, .failed: return
            }
        }
    }

    /// Whether what is left has to wait; it is asked between two pieces.
    private var mustPauseInflating: Bool {
        if self.isAtEnd {
            // Nothing goes on behind what is left out.
            if self.inflatedAtOnce >= WebSocketChannelHandler.maxInflatedAtEnd {
                self.isDropping = true
                self.gathered = nil
                self.perform(self.hot.pointee.machine.transportEnded())
            }
            return false
        }
        if self.isReaderFull && self.mustPause || self.lacksRoom {
            self.isPaused = true
        } else if self.inflatedAtOnce >= WebSocketChannelHandler.maxInflatedAtOnce, !self.isPaused {
            self.yield()
        }
        return self.isPaused
    }

    /// Hands on a piece of an inflated message, or collects it.
    private func hand(
        _ piece: ByteBuffer, isLast: Bool, _ states: DeflateStates, to sink: Sink, _ connection: WebSocketConnection
    ) {
        defer { self.loop.keepScratch(piece) }
        guard piece.readableBytes > 0 || isLast else { return }
        var chunk = WebSocketMessageChunk(
            kind: states.kind ?? .binary, bytes: piece, isFirst: states.isAtStart, isLast: isLast)
        states.isAtStart = false
        switch sink {
        case .none: break
        case .handler(let handler) where self.takesChunks: handler.received(chunk: chunk, on: connection)
        case .handler(let handler): self.handWhole(chunk, to: handler, connection)
        case .queue:
            self.dropIfNobodyReads()
            guard !self.isDropping else { break }
            chunk.bytes = kept(piece)
            self.queue(chunk)
        }
    }

    /// What the connection keeps for compression; nil when it was not agreed on.
    func deflateStates() -> DeflateStates? {
        if let deflate { return deflate }
        guard let agreement, let configuration = self.configuration.compression else { return nil }
        let made = DeflateStates(
            agreement, configuration, role: self.role, loop: self.loop, maxMessageSize: self.maxMessageSize)
        self.deflate = made
        return made
    }
}
