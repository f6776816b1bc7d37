/// The number of what somebody is there with: a WebSocket, a stream, or whatever else the caller counts. The core only
/// compares it. The caller makes each one once.
public struct ConnectionID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number.
    public let number: UInt64

    /// Takes a number.
    public init(_ number: UInt64) {
        self.number = number
    }

    /// The number in decimal.
    public var description: String { String(self.number) }

    /// The order of their numbers.
    public static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.number < right.number }
}
