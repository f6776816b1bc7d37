import NIOCore

/// Hears, in front of everything else, that the server shuts down while a connection does not speak HTTP yet: TLS and what chooses the
/// version of HTTP pass that on to nobody. It leaves when HTTP is spoken.
final class OpeningQuiesceHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    /// Ends the connection. On the event loop.
    private let quiesced: () -> Void

    init(quiesced: @escaping () -> Void) {
        self.quiesced = quiesced
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        self.quiesced()
    }
}
