import WebSocketServer

/// What values a setting may have.
enum SettingKind: Sendable {
    /// Any text that is not empty.
    case text
    case count(ClosedRange<Int>)
    case size(ClosedRange<Int>)
    /// A duration; `orZero` where 0 switches off what it is about.
    case duration(ClosedRange<Duration>, orZero: Bool = false)
    case choice([String])
    case toggle
    /// Paths, each not empty.
    case paths
    /// Origins of pages, or `*` alone.
    case origins
    /// Addresses, or ranges of them as address and prefix length.
    case ranges

    /// Whether there may be several values.
    var isList: Bool {
        switch self {
        case .paths, .origins, .ranges: true
        case .text, .count, .size, .duration, .choice, .toggle: false
        }
    }

    /// What is allowed, in words.
    var allowed: String {
        switch self {
        case .text: "some text"
        case .count(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .size(let range):
            "\(Quantity.sizes), from \(Quantity.text(ofSize: range.lowerBound)) to \(Quantity.text(ofSize: range.upperBound))"
        case .duration(let range, let orZero):
            "\(Quantity.durations), from \(Quantity.text(of: range.lowerBound)) to \(Quantity.text(of: range.upperBound))"
                + (orZero ? ", or 0" : "")
        case .choice(let names): "one of \(names.joined(separator: ", "))"
        case .toggle: "on or off"
        case .paths: "a path"
        case .origins: "an origin such as https://example.com, or * alone"
        case .ranges: "an address such as 192.0.2.1, a range such as 10.0.0.0/8 or fd00::/8, or unix:"
        }
    }

    /// The value that is meant, or the text that is wrong.
    func parse(_ texts: [String]) -> Result<SettingValue, SettingProblem> {
        guard self.isList else {
            let text = texts.last ?? ""
            return self.scalar(text).map { .success($0) } ?? .failure(SettingProblem(text: text, allowed: self.allowed))
        }
        for text in texts where !self.isItem(text, alone: texts.count == 1) {
            return .failure(SettingProblem(text: text, allowed: self.allowed))
        }
        return .success(.list(texts))
    }

    private func scalar(_ text: String) -> SettingValue? {
        switch self {
        case .text:
            return text.isEmpty ? nil : .text(text)
        case .count(let range):
            return Int(text).flatMap { range.contains($0) ? .count($0) : nil }
        case .size(let range):
            return Quantity.size(text).flatMap { range.contains($0) ? .size($0) : nil }
        case .duration(let range, let orZero):
            return Quantity.duration(text).flatMap { range.contains($0) || orZero && $0 == .zero ? .duration($0) : nil }
        case .choice(let names):
            return names.contains(text) ? .text(text) : nil
        case .toggle:
            switch text.lowercased() {
            case "on", "true", "yes", "1": return .toggle(true)
            case "off", "false", "no", "0": return .toggle(false)
            default: return nil
            }
        case .paths, .origins, .ranges:
            return nil
        }
    }

    private func isItem(_ text: String, alone: Bool) -> Bool {
        switch self {
        case .origins: text == "*" ? alone : SettingKind.isOrigin(text)
        case .ranges: SettingKind.isRange(text)
        default: !text.isEmpty
        }
    }

    /// Whether it is scheme, host and perhaps a port, as a browser sends it (RFC 6454, section 6.1).
    static func isOrigin(_ text: String) -> Bool {
        guard let separator = text.firstRange(of: "://") else { return false }
        let (scheme, host) = (text[..<separator.lowerBound], text[separator.upperBound...])
        return !scheme.isEmpty && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
            && !host.isEmpty && host.allSatisfy { $0.isASCII && !$0.isWhitespace && !"/?#@,".contains($0) }
    }

    /// Whether it is an address or a range, or all Unix sockets.
    static func isRange(_ text: String) -> Bool {
        (try? AddressRange(parsing: text)) != nil
    }
}

/// A text that is no value of its setting.
struct SettingProblem: Error, Equatable {
    var text: String
    var allowed: String
}

/// A value of a setting.
enum SettingValue: Sendable, Equatable {
    case text(String)
    case count(Int)
    case size(Int)
    case duration(Duration)
    case toggle(Bool)
    case list([String])
}
