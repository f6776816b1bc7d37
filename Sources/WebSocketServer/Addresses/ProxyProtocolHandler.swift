import NIOCore

/// Reads a PROXY protocol header at the beginning of a connection; then it leaves, and passes on what came behind.
final class ProxyProtocolHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var seen = ByteBuffer()
    private var isDone = false
    /// Adds what comes next, or closes the connection. On the event loop.
    private let decided: (Result<ProxyHeader, ProxyHeader.ParsingError>) -> Void

    init(decided: @escaping (Result<ProxyHeader, ProxyHeader.ParsingError>) -> Void) {
        self.decided = decided
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isDone else { return context.fireChannelRead(data) }
        var bytes = self.unwrapInboundIn(data)
        self.seen.writeBuffer(&bytes)
        do {
            guard let header = try ProxyHeader(from: &self.seen) else { return }
            self.isDone = true
            self.decided(.success(header))
            if self.seen.readableBytes > 0 { context.fireChannelRead(self.wrapInboundOut(self.seen)) }
            self.seen = ByteBuffer()
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            // What comes still is nobody's.
            self.isDone = true
            self.decided(.failure(error))
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed where !self.isDone, is ChannelShouldQuiesceEvent where !self.isDone:
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }
}
