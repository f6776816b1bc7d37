import NIOCore

/// Gives a server up that says nothing for too long.
///
/// Only the time in which the connection is read counts: while whoever takes the answer stands still, nothing is read, and that
/// nothing comes is not the server's silence.
final class SilenceHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let silence: TimeAmount
    private var timeout: Scheduled<Void>?

    init(_ silence: TimeAmount) {
        self.silence = silence
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // The read that an open connection began before this was here.
        if context.channel.isActive { self.start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.stop() }

    func read(context: ChannelHandlerContext) {
        self.start(context)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.stop()
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.stop()
        context.fireChannelInactive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard self.timeout == nil, context.channel.isActive else { return }
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: self.silence) {
            self.timeout = nil
            context.fireErrorCaught(DialError(.timedOut(.answer)))
            context.close(promise: nil)
        }
    }

    private func stop() {
        self.timeout?.cancel()
        self.timeout = nil
    }
}
