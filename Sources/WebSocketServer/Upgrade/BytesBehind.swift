import NIOCore

/// Holds what arrived behind a handshake when the parser leaves, until the driver is in its place. A client has to wait for the
/// answer (RFC 6455, section 4.1), so it is hardly ever anything.
final class BytesBehind: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var bytes = ByteBuffer()

    /// Whether a frame cannot begin like this: a reserved bit is set, as in every letter. It is another request.
    var isNoFrame: Bool { self.bytes.readableBytesView.first.map { $0 & 0x70 != 0 } ?? false }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.bytes.writeBuffer(&bytes)
    }

    /// On removal, the bytes go to the next handler.
    func handlerRemoved(context: ChannelHandlerContext) {
        guard self.bytes.readableBytes > 0 else { return }
        context.fireChannelRead(self.wrapInboundOut(self.bytes))
        context.fireChannelReadComplete()
        self.bytes = ByteBuffer()
    }
}
