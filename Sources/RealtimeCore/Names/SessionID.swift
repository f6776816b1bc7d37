/// A session's name, which is also the key to it: 128 random bits, as 32 hexadecimal digits in lower case.
///
/// Whoever knows it, and has the same identity, can take the session over. So the bits have to come from a generator for
/// secrets, such as the system's, and ``description``, which goes into logs, has only a part.
public struct SessionID: Sendable, Hashable, CustomStringConvertible {
    /// The digits of the text form.
    public static let length = 32

    private let high: UInt64
    private let low: UInt64

    /// Makes one from random bits.
    ///
    /// - Parameters:
    ///   - high: 64 random bits.
    ///   - low: Another 64.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the text form.
    ///
    /// - Throws: ``RealtimeError`` if it is not exactly 32 of `0-9a-f`.
    public init(parsing text: some StringProtocol) throws(RealtimeError) {
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        var count = 0
        for byte in text.utf8 {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: throw RealtimeError(.malformed(.session))
            }
            count += 1
            guard count <= SessionID.length else { throw RealtimeError(.malformed(.session)) }
            halves.high = halves.high << 4 | halves.low >> 60
            halves.low = halves.low << 4 | UInt64(digit)
        }
        guard count == SessionID.length else { throw RealtimeError(.malformed(.session)) }
        self.init(high: halves.high, low: halves.low)
    }

    /// The whole text form, for its owner only.
    public var text: String { SessionID.hex(self.high) + SessionID.hex(self.low) }

    /// The first eight digits: enough to find a session in a log, and of no use to anybody else.
    public var description: String { String(SessionID.hex(self.high).prefix(8)) }

    private static func hex(_ half: UInt64) -> String {
        let text = String(half, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
