import Synchronization

/// A connection's number, in log lines: short, never twice in a process, and hardly twice in two.
struct ConnectionID: Sendable, Hashable, CustomStringConvertible {
    private static let start = UInt64.random(in: 0 ... .max)
    private static let count = Atomic<UInt64>(0)

    private let number: UInt64

    /// The next one.
    static func next() -> ConnectionID {
        ConnectionID(number: self.start &+ self.count.add(1, ordering: .relaxed).newValue)
    }

    /// Thirteen letters and digits.
    var description: String {
        // An odd factor leads each number to another one, and neighbours far apart.
        let text = String(self.number &* 0x9E37_79B9_7F4A_7C15, radix: 36)
        return String(repeating: "0", count: 13 - text.count) + text
    }
}
