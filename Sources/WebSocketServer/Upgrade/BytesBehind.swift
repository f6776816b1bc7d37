import NIOCore

/// Holds what arrived behind a handshake when the parser leaves, until the driver is in its place. A client has to wait for the
/// answer (RFC 6455, section 4.1), so it is hardly ever anything.
final class BytesBehind: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var bytes = ByteBuffer()

    /// Whether no connection can begin with this: a reserved bit is set, as in every letter, or it is no opcode, a continuation of
    /// nothing, or a control frame in fragments, as a line break would be (RFC 6455, section 5.2). It is another request.
    var isNoFrame: Bool {
        guard let first = self.bytes.readableBytesView.first else { return false }
        switch first & 0x7F {
        case 0x1, 0x2: return false
        case 0x8, 0x9, 0xA: return first < 0x80
        default: return true
        }
    }

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
