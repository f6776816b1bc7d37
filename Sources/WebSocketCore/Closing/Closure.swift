/// How a connection ended (RFC 6455, sections 7.1.4 to 7.1.6).
public struct Closure: Sendable, Hashable {
    /// The code that the peer's Close frame held; ``CloseCode/noStatusReceived`` (1005) when it held none, and
    /// ``CloseCode/abnormalClosure`` (1006) when none came.
    public var code: CloseCode
    /// The reason that the peer's Close frame held, or "".
    public var reason: String
    /// Whether both ends exchanged Close frames before the connection ended.
    public var wasClean: Bool
    /// The rule that the peer broke, when that is why this end failed the connection.
    public var error: ProtocolError?

    /// Makes a description of how a connection ended.
    public init(code: CloseCode, reason: String = "", wasClean: Bool, error: ProtocolError? = nil) {
        self.code = code
        self.reason = reason
        self.wasClean = wasClean
        self.error = error
    }

    /// The connection ended without a closing handshake.
    public static let abnormal = Closure(code: .abnormalClosure, wasClean: false)
}
