import Logging
import NIOCore
import NIOPosix

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

    /// Told what ends the listening channel.
    private let failed: (any Error) -> Void

    init(_ logger: Logger, failed: @escaping (any Error) -> Void = { _ in }) {
        self.logger = logger
        self.failed = failed
    }

    /// Only what NIO lets pass can be held off: for all other errors it closes the listening socket itself.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Of a connection that has gone already, on Darwin.
        if error is NIOFcntlFailedError { return }
        switch error {
        case let error as IOError where [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode):
            self.log(error, context.eventLoop.now)
            self.pause(context)
        case let error as IOError where error.errnoCode == ECONNABORTED:
            break
        default:
            self.failed(error)
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
        // Or the loop would be woken up by what it cannot accept, again and again.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: AcceptGuard.pause) {
            self.isPaused = false
            guard context.channel.isActive else { return }
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
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
