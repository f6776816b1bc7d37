import NIOCore
import WebSocketCore
import WebSocketDeflate

/// What one connection keeps for compression, from its first compressed message on. It belongs to the connection's loop.
final class DeflateStates {
    /// A part of a message that was not inflated yet, because its reader has to catch up.
    struct Rest {
        var bytes: ByteBuffer
        var isLast: Bool
    }

    let agreement: PerMessageDeflate
    let role: Role
    private let loop: LoopResources
    /// What messages are compressed with; nil when they cannot be.
    let settings: Compressor.Settings?
    /// After how many ticks without use memory is given back; nil for never.
    private let idleTicks: UInt64?

    /// A message is being compressed piece by piece.
    var isCompressingPieces = false
    // Kept between messages when they refer to each other, else for the time of a message.
    private var compressor: Compressor?
    private var decompressor: Decompressor?
    /// What the next message may refer to, when its decompressor was let go of.
    private var history: [UInt8]?

    var inflater: MessageInflater
    /// Whether nothing of the message under way was handed on yet.
    var isAtStart = true
    /// The message under way; nil between messages.
    var kind: WebSocketMessage.Kind?
    var rest: Rest?

    private var lastTick: UInt64 = 0
    private var isSwept = false
    private var isClosed = false

    init(
        _ agreement: PerMessageDeflate, _ configuration: DeflateConfiguration, role: Role, loop: LoopResources,
        maxMessageSize: Int
    ) {
        self.agreement = agreement
        self.role = role
        self.loop = loop
        self.settings = agreement.compression(as: role, configuration)
        self.idleTicks = configuration.idleRelease.map {
            // One more: the first tick may come at once.
            $0.nanoseconds / UInt64(LoopSweep.interval.nanoseconds) + 1
        }
        self.inflater = MessageInflater(maxMessageSize: maxMessageSize, maxRatio: configuration.maxRatio)
    }

    /// Whether messages are sent without referring to earlier ones.
    var sendsAlone: Bool { self.agreement.sendsWithoutContext(as: self.role) }

    /// Whether messages are received that do not refer to earlier ones.
    private var receivesAlone: Bool { self.agreement.receivesWithoutContext(as: self.role) }

    // MARK: Sending

    /// What to compress the next message with; ``doneCompressing()`` has to follow.
    func beginCompressing(_ settings: Compressor.Settings) -> Compressor {
        self.used()
        if let compressor { return compressor }
        let made = self.sendsAlone ? self.loop.deflate.takeCompressor(settings) : Compressor(settings)
        self.compressor = made
        return made
    }

    /// The message is compressed.
    func doneCompressing() {
        guard self.sendsAlone, let compressor = self.compressor.take() else { return }
        self.loop.deflate.giveBack(compressor)
    }

    // MARK: Receiving

    /// A message begins.
    func beginInflating(_ kind: WebSocketMessage.Kind) {
        self.used()
        self.kind = kind
        self.isAtStart = true
        self.inflater.begin(isText: kind == .text)
    }

    /// What to inflate the message under way with.
    var inflatingDecompressor: Decompressor {
        if let decompressor { return decompressor }
        let made =
            if self.receivesAlone {
                self.loop.deflate.takeDecompressor()
            } else if let history = self.history.take() {
                Decompressor(windowBits: self.agreement.receivingWindowBits(as: self.role), history: history)
            } else {
                Decompressor(windowBits: self.agreement.receivingWindowBits(as: self.role))
            }
        self.decompressor = made
        return made
    }

    /// The message is inflated.
    func doneInflating() {
        self.kind = nil
        guard self.receivesAlone, let decompressor = self.decompressor.take() else {
            return
        }
        self.loop.deflate.giveBack(decompressor)
    }

    // MARK: Letting go

    /// Whether anything is kept that could be let go of.
    var holdsMemory: Bool { self.compressor != nil || self.decompressor != nil }

    /// The connection is gone.
    func close() {
        self.isClosed = true
        self.compressor = nil
        self.decompressor = nil
        self.history = nil
        self.rest = nil
    }

    private func used() {
        self.lastTick = self.loop.sweep.tick
        // Where messages stand alone nothing is kept that could be let go of.
        guard !self.isSwept, self.idleTicks != nil, !self.sendsAlone || !self.receivesAlone else { return }
        self.isSwept = true
        self.loop.watch(self)
    }
}

extension DeflateStates: SweepEntry {
    func isDone(at tick: UInt64) -> Bool {
        if self.isClosed || !self.holdsMemory {
            self.isSwept = false
            return true
        }
        guard let idleTicks, tick - self.lastTick >= idleTicks else { return false }
        // A compressor may always forget. What is inflated may refer to the last 32 KiB: these stay.
        if !self.isCompressingPieces { self.compressor = nil }
        guard self.kind == nil, !self.isCompressingPieces else { return false }
        if let decompressor = self.decompressor.take() { self.history = decompressor.history }
        self.isSwept = false
        return true
    }
}
