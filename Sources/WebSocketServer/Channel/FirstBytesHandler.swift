import NIOCore

/// Looks at the first bytes of a connection until they say enough; then it leaves, and passes on what is left of them. What they
/// say is its subclass's to know.
class FirstBytesHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What the bytes so far say.
    enum Verdict {
        /// Not enough.
        case needsMore
        /// Enough: those that are left go on.
        case passOn
        /// They are not what they must be; what comes still is nobody's.
        case drop
    }

    /// What has come so far.
    private var seen = ByteBuffer()
    private var isDone = false

    /// Looks at the bytes so far, takes what is for it alone, and does what follows from it. On the event loop.
    func look(at bytes: inout ByteBuffer) -> Verdict { .passOn }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isDone else { return context.fireChannelRead(data) }
        var bytes = self.unwrapInboundIn(data)
        // Taken out, since handlers are called meanwhile.
        var seen = self.seen
        self.seen = ByteBuffer()
        seen.writeBuffer(&bytes)
        switch self.look(at: &seen) {
        case .needsMore:
            self.seen = seen
        case .passOn:
            self.isDone = true
            if seen.readableBytes > 0 { context.fireChannelRead(self.wrapInboundOut(seen)) }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        case .drop:
            self.isDone = true
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed where !self.isDone:
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }
}
