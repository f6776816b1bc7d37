import NIOCore
import WebSocketCore
import WebSocketDeflate

/// The driver: feeds ``WebSocketMachine`` with what arrives on a channel, and does what it says.
///
/// It works on raw bytes; its channel holds nothing else behind TLS. All of it belongs to the channel's event loop. Its
/// extensions are, by topic: `+Inbound`, `+Inflating`, `+Pausing`, `+Outbound`, `+Deflating`, `+Pieces`, `+Closing`, `+Ping`, `+Keepalive`.
///
/// Its members are plain stored properties of a final class of this module, which is as fast as a class gets: accesses
/// from another module would cost 7 ns each for exclusivity checks.
final class WebSocketChannelHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// To whom messages go.
    enum Sink {
        /// Nobody yet, or nobody any more.
        case none
        /// Calls on the event loop.
        case handler(any WebSocketHandler)
        /// A queue that a task reads.
        case queue(InboundQueue)
    }

    /// What every message touches.
    ///
    /// It lies behind a pointer, so that touching it costs no exclusivity check: Swift cannot prove for a property of a
    /// class that nobody touches it again from within a call, and checks at run time, 7 ns each. What proves it here: all
    /// is on one thread, and no call into foreign code is made while a part of it is being modified (the core returns
    /// what it found before a handler hears of it).
    struct Hot: ~Copyable {
        var machine: WebSocketMachine
        var outbox = Outbox()
        /// Whether messages can be sent: not after either end has closed.
        var isOpen = true
        /// Whether something is to be written at the end of the batch.
        var isDirty = false
        var isSocketFull = false
        /// A message is being sent in pieces: other messages wait in `held`.
        var isSendingPieces = false
        /// Messages wait in `held`: for the one in pieces, or for the socket, where some of them may be dropped.
        var isHolding = false
        var heldBytes = 0
        /// What was handed to the channel since the last flush: TLS does not count it before.
        var unflushedBytes = 0
        /// Whether there is a socket of which the channel is known to hold nothing.
        var isChannelEmpty = false
        /// The only buffer to be written, past the channel.
        var alone: ByteBuffer?
        /// Whether the handler was told to slow down, or the socket was full, and it was not yet told to go on.
        var owesDrained = false
    }

    let role: Role
    let loop: LoopResources
    let configuration: WebSocketConfiguration
    /// What was agreed on about compression.
    let agreement: PerMessageDeflate?
    let hot: UnsafeMutablePointer<Hot>
    var sink: Sink = .none
    var takesChunks = false
    /// The handle; it and this hold each other until the connection is gone.
    var connection: WebSocketConnection?
    var context: ChannelHandlerContext?
    /// What the channel is on, where it is no socket.
    var stream: (any StreamTransport)?
    /// The channel's socket, where nothing stands between: from the start of the connection to its end.
    var socket: PlainSocket?

    /// Compression, from the first compressed message on.
    var deflate: DeflateStates?

    // Inbound: an incomplete header or control frame or what was left alone, a message being collected, and what goes to the
    // queue.
    var carry: ByteBuffer?
    var gathered: ByteBuffer?
    var batch: [WebSocketMessageChunk] = []
    var batchBytes = 0
    /// The largest message that is taken, inflated.
    var maxMessageSize: Int
    /// What has arrived is left alone, in `carry` and in `deflate.rest`.
    var isPaused = false
    /// It is being dealt with.
    var isResuming = false
    /// It is the other connections' turn.
    var isYielding = false
    /// How much the peer may send in a time, and whether it has sent too much.
    var rates: RateBuckets?
    var isDelayed = false
    /// The peer has ended its side, behind what is left alone.
    var isEndDeferred = false
    /// The connection is broken, and what is left is dealt with whatever it takes.
    var isAtEnd = false
    /// How much was inflated since the loop last had its turn.
    var inflatedAtOnce = 0
    /// Whether messages are thrown away: this end has closed, and nobody reads.
    var isDropping = false
    var isReaderFull = false
    var isReadDeferred = false
    /// Whether the socket is read only while there is room for answers: for a handler on a server, which can then answer each
    /// message without being flooded. Not on both ends of a connection, which could wait for each other for ever; and not
    /// for a reader, whose `send` waits.
    var readsOnlyWithRoom = false
    /// The newest ping that could not be answered yet. A peer that pings and does not read gets only that answer (RFC 6455,
    /// section 5.5.3, lets an endpoint answer the newest ping only).
    var unansweredPing: [UInt8]?

    // Outbound.
    var roomWaiters: [RoomWaiter] = []
    var pieceWaiters: [RoomWaiter] = []
    /// What the next piece of the message in pieces is: the message's kind at first, then a continuation.
    var pieceOpcode = Opcode.continuation
    /// Numbers the messages in pieces: a writer that outlives its message must not write into the next one.
    var pieceMessage: UInt64 = 0
    var held: HeldMessages?
    /// Whether messages wait here for a full socket, instead of in the channel, which never gives one back.
    let usesBacklog: Bool
    var isDrainMarkerPending = false
    /// Whether other threads look at how much waits. A handler that sends on its loop can ask there, which costs less.
    var isAmountWatched = false
    /// Is told how many bytes wait.
    var onAmount: ((Int) -> Void)?

    /// The second in which something last arrived, and whether a ping was sent since.
    var heardTick: UInt64 = 0
    var isProbing = false
    /// What this connection has added to the loop's queued bytes: something only while its socket is full.
    var queuedInStatistics = 0
    /// How many bytes waited for the socket a second ago.
    var bytesAtLastTick = 0

    var pings: [PendingPing] = []
    var nextPingID: UInt64 = 0
    var deadlineTask: Scheduled<Void>?
    /// Says when this connection goes, when its server shuts down.
    var drain: Drain?

    init(role: Role, agreement: PerMessageDeflate?, configuration: WebSocketConfiguration, eventLoop: any EventLoop) {
        self.role = role
        self.loop = LoopResources.of(eventLoop)
        self.configuration = configuration
        self.hot = .allocate(capacity: 1)
        self.agreement = agreement
        self.usesBacklog = configuration.slowConsumers.usesBacklog
        self.rates = configuration.rates.map { RateBuckets($0) }
        self.maxMessageSize = configuration.limits.maxMessageSize
        self.hot.initialize(to: Hot(machine: self.makeMachine(limits: configuration.limits)))
    }

    private func makeMachine(limits: Limits) -> WebSocketMachine {
        WebSocketMachine(
            role: self.role, limits: limits, allowsCompression: self.agreement != nil,
            closeTimeout: self.configuration.closeTimeout.nanoseconds)
    }

    /// Lowers the limit of messages, before anything has arrived.
    func limitMessages(to size: Int) {
        var limits = self.configuration.limits
        guard limits.maxMessageSize > size, self.isOpen else { return }
        limits.maxMessageSize = size
        self.maxMessageSize = size
        self.deflate = nil
        self.hot.pointee.machine = self.makeMachine(limits: limits)
    }

    deinit {
        self.hot.deinitialize(count: 1)
        self.hot.deallocate()
    }

    /// Whether messages can be sent.
    var isOpen: Bool { self.hot.pointee.isOpen }

    /// Now, as the core wants it, by the clock of the event loop (which a test can set).
    var now: UInt64 { self.loop.eventLoop.now.uptimeNanoseconds }

    // MARK: The channel's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if !context.channel.isActive { self.ended() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.ended()
        self.context = nil
        self.socket = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.dealWithRestAtEnd()
        self.ended()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The transport broke (reset, TLS). How the connection ended is what the core says: abnormally.
        self.dealWithRestAtEnd()
        self.perform(self.hot.pointee.machine.transportEnded())
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            self.inputEnded()
        case is ChannelShouldQuiesceEvent:
            self.goAway()
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Back pressure towards the peer

    func read(context: ChannelHandlerContext) {
        if self.mustNotRead {
            self.isReadDeferred = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let wasFull = self.hot.pointee.isSocketFull
        self.hot.pointee.isSocketFull = !(self.stream?.isWritable ?? context.channel.isWritable)
        self.countQueued()
        if self.hot.pointee.isSocketFull {
            if self.usesBacklog { self.hot.pointee.isHolding = true }
            // From within a write: only told here, and nothing may be written.
            if !wasFull { self.tellAmount() }
            self.hot.pointee.owesDrained = true
        } else if wasFull {
            if self.isAmountWatched { self.updateBufferedAmount() } else { self.tellAmount() }
            self.tellRoom()
        }
        context.fireChannelWritabilityChanged()
    }
}

// Its state belongs to its event loop; other threads only carry the reference there, in `WebSocketConnection.onLoop`.
extension WebSocketChannelHandler: @unchecked Sendable {}
