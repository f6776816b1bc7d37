package import NIOCore

/// The loop's receive buffer, for bytes that do not come from a socket of their own: a driver writes into what it is given, so
/// they have to lie where nobody else looks.
package struct ReceiveBuffers {
    /// How much one holds.
    package static let capacity = LoopResources.receiveSize

    private let loop: LoopResources

    /// Must be called on the loop.
    package init(of eventLoop: any EventLoop) {
        self.loop = LoopResources.of(eventLoop)
    }

    /// An empty buffer. The driver that it is given to gives it back.
    package func take() -> ByteBuffer { self.loop.takeReceiveBuffer() }
}
