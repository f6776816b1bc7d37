import NIOCore

/// Speaks with a proxy on a channel that is connected to it, until the way to the server is open; then what comes next takes
/// its place.
final class TunnelHandler<Machine: TunnelMachine & ~Copyable>: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var machine: Machine
    private let deadline: NIODeadline
    private let open: (ChannelPipeline.SynchronousOperations.Position) throws -> Void
    private let fail: (DialError) -> Void
    private var timeout: Scheduled<Void>?
    private var waiting = ByteBuffer()
    private var isDone = false

    /// - Parameters:
    ///   - machine: The proxy's protocol.
    ///   - deadline: Until when the way must be open.
    ///   - open: Adds, behind the position, what speaks with the server. On the event loop.
    ///   - fail: The proxy refused, or broke its protocol.
    init(
        machine: consuming Machine, deadline: NIODeadline,
        open: @escaping (ChannelPipeline.SynchronousOperations.Position) throws -> Void,
        fail: @escaping (DialError) -> Void
    ) {
        self.machine = machine
        self.deadline = deadline
        self.open = open
        self.fail = fail
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(deadline: self.deadline) {
            self.giveUp(DialError(.timedOut(.proxy)), context)
        }
        context.writeAndFlush(self.wrapOutboundOut(self.machine.start()), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isDone else { return context.fireChannelRead(data) }
        var bytes = self.unwrapInboundIn(data)
        self.waiting.writeBuffer(&bytes)
        while !self.isDone {
            switch self.machine.receive(&self.waiting) {
            case .wait: return
            case .send(let message): context.writeAndFlush(self.wrapOutboundOut(message), promise: nil)
            case .open: self.leave(context)
            case .fail(let error): self.finish(error, context)
            }
        }
    }

    private func leave(_ context: ChannelHandlerContext) {
        self.isDone = true
        self.timeout?.cancel()
        do {
            try self.open(.after(self))
        } catch {
            return self.finish(DialError(connecting: error), context)
        }
        if self.waiting.readableBytes > 0 {
            context.fireChannelRead(self.wrapInboundOut(self.waiting))
            context.fireChannelReadComplete()
            self.waiting = ByteBuffer()
        }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func giveUp(_ reason: DialError, _ context: ChannelHandlerContext) {
        if !self.isDone { self.finish(self.machine.giveUp(reason), context) }
    }

    private func finish(_ error: DialError, _ context: ChannelHandlerContext) {
        self.isDone = true
        self.timeout?.cancel()
        self.fail(error)
        context.close(promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.timeout?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.giveUp(DialError(.proxy("it ended the connection")), context)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event, !self.isDone {
            self.giveUp(DialError(.proxy("it ended the connection")), context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.isDone {
            context.fireErrorCaught(error)
        } else {
            self.giveUp(DialError(.proxy("\(error)")), context)
        }
    }
}
