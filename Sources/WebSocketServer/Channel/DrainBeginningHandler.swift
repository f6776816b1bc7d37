import NIOCore

/// Notes, on a listening channel, that the server shuts down, before its connections are told: what asks for a WebSocket from then on
/// would not hear of it any more, and is refused.
final class DrainBeginningHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let shared: ServerShared

    init(_ shared: ServerShared) {
        self.shared = shared
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { self.shared.beginDraining() }
        context.fireUserInboundEventTriggered(event)
    }
}
