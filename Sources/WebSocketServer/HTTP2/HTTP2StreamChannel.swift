import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// One stream of a connection of HTTP/2: an ordinary request, or a WebSocket.
struct HTTP2StreamChannel: HTTPChannelHandler {
    /// A stream, with what it turns out to be.
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let beginning: EventLoopFuture<ChannelBeginning>
    }

    let responder: HTTPChannelHandler.Responder
    let peer: Peer
    let shared: ServerShared

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let upgrader = HTTP2UpgradeHandler(
                peer: self.peer, shared: self.shared, eventLoop: channel.eventLoop, logger: logger)
            try channel.pipeline.syncOperations.addHandlers([upgrader.codec, upgrader])
            return Value(channel: channel, beginning: upgrader.first.futureResult)
        }
    }

    func handle(value: Value, logger: Logger) async {
        switch (try? await value.beginning.get()) ?? .gone {
        case .http(let asyncChannel):
            await self.handleHTTP(asyncChannel: asyncChannel, logger: logger)
        case .upgrade(let attempt):
            await attempt.run(self.responder, channel: value.channel, logger: logger)
        case .gone:
            return
        }
    }
}
