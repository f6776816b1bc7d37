import NIOCore

/// Holds the bytes that arrived behind the answer to the handshake while the HTTP decoder is leaving the pipeline, which
/// takes until the next turn of the event loop; the driver can only come after it, since the decoder looks at what is written.
final class LeftoverCollector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var bytes: ByteBuffer?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        if self.bytes == nil {
            self.bytes = buffer
        } else {
            self.bytes!.writeBuffer(&buffer)
        }
    }

    /// On removal, the bytes go to the next handler.
    func handlerRemoved(context: ChannelHandlerContext) {
        guard let bytes = self.bytes.take() else { return }
        context.fireChannelRead(self.wrapInboundOut(bytes))
        context.fireChannelReadComplete()
    }
}
