import NIOCore

/// Holds what arrived behind the answer to the handshake while the HTTP decoder is leaving the pipeline, which takes until
/// the next turn of the event loop; the driver can only come after it, since the decoder looks at what is written.
final class LeftoverCollector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var bytes: ByteBuffer?
    private var isInputClosed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        if self.bytes == nil {
            self.bytes = buffer
        } else {
            self.bytes!.writeBuffer(&buffer)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            self.isInputClosed = true
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// On removal, the bytes go to the next handler, and then the peer's end.
    func handlerRemoved(context: ChannelHandlerContext) {
        if let bytes = self.bytes.take() {
            context.fireChannelRead(self.wrapInboundOut(bytes))
            context.fireChannelReadComplete()
        }
        if self.isInputClosed { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
    }
}
