/// Why a connection is closed (RFC 6455, section 7.4, and IANA's registry).
public struct CloseCode: RawRepresentable, Hashable, Sendable {
    /// The number, as on the wire.
    public var rawValue: UInt16

    /// Makes a code of any number; see ``isAllowedOnWire``.
    @inlinable
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// 1000: the purpose of the connection is fulfilled.
    public static let normalClosure = CloseCode(rawValue: 1000)
    /// 1001: an endpoint goes away: a server shuts down, a page is left.
    public static let goingAway = CloseCode(rawValue: 1001)
    /// 1002: the peer broke the protocol.
    public static let protocolError = CloseCode(rawValue: 1002)
    /// 1003: data of a kind that cannot be accepted.
    public static let unsupportedData = CloseCode(rawValue: 1003)
    /// 1005: reported when a Close frame held no code; never sent.
    public static let noStatusReceived = CloseCode(rawValue: 1005)
    /// 1006: reported when the connection ended without a Close frame; never sent.
    public static let abnormalClosure = CloseCode(rawValue: 1006)
    /// 1007: data inconsistent with its type, such as text that is not UTF-8.
    public static let invalidPayload = CloseCode(rawValue: 1007)
    /// 1008: a policy was violated.
    public static let policyViolation = CloseCode(rawValue: 1008)
    /// 1009: a message too big to process.
    public static let messageTooBig = CloseCode(rawValue: 1009)
    /// 1010: a client expected an extension that the server did not negotiate.
    public static let mandatoryExtension = CloseCode(rawValue: 1010)
    /// 1011: the server met an unexpected condition.
    public static let internalError = CloseCode(rawValue: 1011)
    /// 1012: the service restarts.
    public static let serviceRestart = CloseCode(rawValue: 1012)
    /// 1013: try again later.
    public static let tryAgainLater = CloseCode(rawValue: 1013)
    /// 1014: a gateway got a bad answer.
    public static let badGateway = CloseCode(rawValue: 1014)

    /// Whether the code may stand in a Close frame: 1000-1003, 1007-1014, and 3000-4999 (libraries and applications).
    @inlinable
    public var isAllowedOnWire: Bool {
        switch self.rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

extension CloseCode: CustomStringConvertible {
    /// The number.
    public var description: String { String(self.rawValue) }
}

extension CloseCode: ExpressibleByIntegerLiteral {
    /// Makes a code of a literal number.
    public init(integerLiteral value: UInt16) {
        self.init(rawValue: value)
    }
}
