/// What the driver stands on where its channel is no socket, but one of the streams of a connection (RFC 8441). All on its event
/// loop.
package protocol StreamTransport: AnyObject {
    /// How many bytes wait in the stream, and for the socket below it.
    var waitingBytes: Int { get }
    /// Whether it takes more; a change is told as one of the channel's writability.
    var isWritable: Bool { get }
    /// Ends this side behind what waits, throws away what still comes, and lets the peer end its side. Closing the channel
    /// instead would cut the stream.
    ///
    /// - Parameter written: Called when all of this side is written.
    func finish(_ written: @escaping () -> Void)
}
