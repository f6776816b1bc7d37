import HTTPTypes
import Logging

extension Logger.MetadataValue {
    /// What came from the net, or an error that quotes it, for a log: in one line, and without anything that a terminal obeys.
    /// What could begin a line of its own, or turn the text around, is shown as `\\n` or `\\u{1B}`.
    static func foreign(_ value: some Any) -> Logger.MetadataValue {
        let text = "\(value)"
        guard text.unicodeScalars.contains(where: \.isUnsafeInLog) else { return .string(text) }
        var shown = ""
        for scalar in text.unicodeScalars {
            if scalar.isUnsafeInLog {
                shown += scalar.escaped(asASCII: true)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return .string(shown)
    }

    /// A request's path, without the query, in which browsers' pages send their tokens: they have no other place for a WebSocket.
    static func path(of request: HTTPRequest?) -> Logger.MetadataValue {
        .foreign(request?.path?.prefix { $0 != "?" } ?? "-")
    }
}

extension Unicode.Scalar {
    /// A control character, one that ends a line, or one that says which way a text runs.
    fileprivate var isUnsafeInLog: Bool {
        switch self.value {
        case 0x20..<0x7F: false
        case 0..<0xA0: true
        default:
            switch self.properties.generalCategory {
            case .lineSeparator, .paragraphSeparator: true
            default: self.properties.isBidiControl
            }
        }
    }
}
