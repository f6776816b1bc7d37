import Logging
import NIOCore

/// Ends a connection of HTTP/1.1 whose client does not take its answers: Hummingbird waits for it as long as it takes, with all requests
/// that came meanwhile. It belongs to its event loop.
final class StalledAnswerHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    private let timeout: TimeAmount
    private let logger: Logger
    private var check: Scheduled<Void>?

    /// Makes one.
    ///
    /// - Parameters:
    ///   - timeout: How long the client may take nothing at all while answers wait for it. It is looked at once in that time, so it
    ///     may become twice as long.
    ///   - logger: Where is logged.
    init(timeout: TimeAmount, logger: Logger) {
        self.timeout = timeout
        self.logger = logger
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            self.stop()
        } else if self.check == nil {
            self.watch(context)
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.stop()
    }

    private func watch(_ context: ChannelHandlerContext) {
        // Nothing is written meanwhile, so that it can only become less.
        let waiting = self.waiting(context)
        self.check = context.eventLoop.assumeIsolated().scheduleTask(in: self.timeout) {
            self.check = nil
            if self.waiting(context) < waiting {
                self.watch(context)
            } else {
                self.logger.debug("connection closed", metadata: ["reason": "the client does not take its answers"])
                context.close(promise: nil)
            }
        }
    }

    /// What waits for the socket.
    private func waiting(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    private func stop() {
        self.check?.cancel()
        self.check = nil
    }
}
