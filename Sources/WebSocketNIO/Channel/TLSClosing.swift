package import NIOCore

/// Stands right behind TLS, and makes a whole close one: swift-nio-ssl leaves a peer's `close_notify` unanswered on a channel
/// that allows half-closure while this end is closing, and would keep the socket for its time-out of 5 seconds.
package final class TLSClosing: ChannelOutboundHandler {
    package typealias OutboundIn = ByteBuffer

    package init() {}

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if case .all = mode { try? context.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false) }
        context.close(mode: mode, promise: promise)
    }
}
