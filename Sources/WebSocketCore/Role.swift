/// Which end of the connection this is (RFC 6455, section 1.2). It decides who masks and who closes the TCP connection first.
public enum Role: Sendable, Hashable {
    /// The end that sent the opening handshake: its frames are masked.
    case client
    /// The end that answered it: its frames are not masked.
    case server
}
