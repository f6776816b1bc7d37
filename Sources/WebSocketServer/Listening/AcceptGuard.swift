import Logging
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Keeps a listening channel alive when descriptors or memory run out, or a client has gone before it was accepted: in front of
/// everything else, which would take such an error for the end. Accepting goes on a moment later.
final class AcceptGuard: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = Never

    /// How long nothing is accepted when there are no descriptors: 100 ms. At once would spin: the connection still waits.
    static let pause: TimeAmount = .milliseconds(100)
    /// How often it is logged at most.
    static let logInterval: TimeAmount = .seconds(1)

    private let logger: Logger
    private var isPaused = false
    private var isReadDeferred = false
    private var loggedAt: NIODeadline?

    init(_ logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError else { return context.fireErrorCaught(error) }
        switch error.errnoCode {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            self.log(error, context.eventLoop.now)
            self.pause(context)
        case ECONNABORTED:
            break
        default:
            context.fireErrorCaught(error)
        }
    }

    func read(context: ChannelHandlerContext) {
        if self.isPaused {
            self.isReadDeferred = true
        } else {
            context.read()
        }
    }

    private func pause(_ context: ChannelHandlerContext) {
        guard !self.isPaused else { return }
        self.isPaused = true
        context.eventLoop.assumeIsolated().scheduleTask(in: AcceptGuard.pause) {
            self.isPaused = false
            guard self.isReadDeferred else { return }
            self.isReadDeferred = false
            context.read()
        }
    }

    private func log(_ error: IOError, _ now: NIODeadline) {
        if let loggedAt, now - loggedAt < AcceptGuard.logInterval { return }
        self.loggedAt = now
        self.logger.warning(
            "no connection can be accepted for now",
            metadata: ["reason": "\(String(cString: strerror(error.errnoCode)))"])
    }
}
