/// When a client may come back, as the reason of a Close frame with 1012 or 1013: "reconnect after 1500 ms". RFC 6455 has no
/// field for it; it is a convention of ours, in words that people understand, too.
package enum ReconnectHint {
    /// The longest that is heeded: an hour.
    package static let longest: Duration = .seconds(3600)

    private static let words = (before: "reconnect after ", behind: " ms")

    /// The reason.
    package static func reason(after delay: Duration) -> String {
        let (seconds, attoseconds) = Swift.min(delay, .seconds(86_400)).components
        return words.before + String(seconds * 1000 + attoseconds / 1_000_000_000_000_000) + words.behind
    }

    /// What a reason says; nil when it says nothing of the kind. More than ``longest`` is that.
    package static func delay(in reason: String) -> Duration? {
        guard reason.hasPrefix(words.before), reason.hasSuffix(words.behind) else { return nil }
        let number = reason.dropFirst(words.before.count).dropLast(words.behind.count)
        guard !number.isEmpty, number.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            return nil
        }
        return Int(number).map { Swift.min(.milliseconds($0), longest) } ?? longest
    }
}

extension Closure {
    /// After which time the server wants its client back, where it said so (with 1012 or 1013); at most an hour.
    public var reconnectAfter: Duration? {
        [CloseCode.serviceRestart.rawValue, CloseCode.tryAgainLater.rawValue].contains(self.code.rawValue)
            ? ReconnectHint.delay(in: self.reason) : nil
    }
}
