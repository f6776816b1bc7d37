import NIOCore

/// Looks at the first bytes of a connection without TLS: whether the client begins with HTTP/2's preface (RFC 9113, section
/// 3.4, prior knowledge), or with a request of HTTP/1.1. Then it leaves, and passes on what it has seen.
final class HTTPPrefaceHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What a client of HTTP/2 begins with.
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// What has come so far: at most the preface, and what came behind it in the same read.
    private var seen = ByteBuffer()
    private var isDone = false
    /// Adds the handlers of what the client speaks. On the event loop.
    private let decided: (_ isHTTP2: Bool) -> Void

    init(decided: @escaping (_ isHTTP2: Bool) -> Void) {
        self.decided = decided
    }

    /// Whether the bytes are the preface; nil while that is open.
    static func isPreface(_ bytes: some Collection<UInt8>) -> Bool? {
        if bytes.count >= self.preface.count { return bytes.starts(with: self.preface) }
        return self.preface.starts(with: bytes) ? nil : false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isDone else { return context.fireChannelRead(data) }
        var bytes = self.unwrapInboundIn(data)
        self.seen.writeBuffer(&bytes)
        guard let isHTTP2 = HTTPPrefaceHandler.isPreface(self.seen.readableBytesView) else { return }
        self.isDone = true
        self.decided(isHTTP2)
        context.fireChannelRead(self.wrapInboundOut(self.seen))
        self.seen = ByteBuffer()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
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
