import NIOCore

/// A client's side of a proxy's protocol, without input and output: bytes in, what to do out.
protocol TunnelMachine: ~Copyable, Sendable {
    /// What to send first.
    mutating func start() -> ByteBuffer

    /// Takes from the bytes that have arrived what it understands; the rest is presented again, with more behind it, or
    /// belongs to the server once the tunnel is there.
    mutating func receive(_ bytes: inout ByteBuffer) -> TunnelAction

    /// The proxy's end, or the end of the time for it: what the attempt failed with.
    mutating func giveUp(_ reason: DialError) -> DialError
}

/// What a proxy's answer means.
enum TunnelAction: Sendable {
    /// More bytes are needed.
    case wait
    /// Send this.
    case send(ByteBuffer)
    /// The way to the server is open.
    case open
    case fail(DialError)
}
