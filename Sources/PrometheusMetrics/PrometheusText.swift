/// The labels of a series, sorted by name.
struct Labels: Hashable, Comparable, Sendable {
    private let pairs: [[String]]

    /// Where series go that would be too many.
    static let overflow = Labels([("overflow", "true")])

    init(_ dimensions: [(String, String)]) {
        // Of two with one name, the first.
        var seen = Set<String>()
        self.pairs =
            dimensions.map { [PrometheusText.label($0.0), $0.1] }.filter { seen.insert($0[0]).inserted }
            .sorted { $0[0] < $1[0] }
    }

    static func < (one: Labels, other: Labels) -> Bool {
        one.pairs.lexicographicallyPrecedes(other.pairs) { $0.lexicographicallyPrecedes($1) }
    }

    /// As they stand behind a name, with another one perhaps.
    func text(and last: (name: String, value: String)? = nil) -> String {
        var pairs = self.pairs.map { "\($0[0])=\"\(PrometheusText.escaped($0[1], isQuoted: true))\"" }
        if let last { pairs.append("\(last.name)=\"\(last.value)\"") }
        return pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
    }
}

/// Prometheus' text format, version 0.0.4.
struct PrometheusText {
    private(set) var text = ""

    mutating func begin(_ name: String, _ kind: PrometheusRegistry.Kind, help: String?) {
        if let help { self.text += "# HELP \(name) \(PrometheusText.escaped(help, isQuoted: false))\n" }
        self.text += "# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func append(_ name: String, _ labels: Labels, _ series: Series) {
        guard series.kind == .histogram else {
            self.text += "\(name)\(labels.text()) \(PrometheusText.number(series.value))\n"
            return
        }
        let values = series.values
        var count = 0
        for (index, bound) in (series.bounds + [.infinity]).enumerated() {
            count += values.counts[index]
            let label = labels.text(and: ("le", PrometheusText.number(bound)))
            self.text += "\(name)_bucket\(label) \(count)\n"
        }
        self.text += "\(name)_sum\(labels.text()) \(PrometheusText.number(values.sum))\n"
        self.text += "\(name)_count\(labels.text()) \(count)\n"
    }

    /// A number as Go writes it.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    /// A metric's name: letters, digits, underscores and colons, and no digit at its beginning.
    static func name(_ text: String) -> String { self.sanitized(text, others: "_:") }

    /// A label's name: the same without colons.
    static func label(_ text: String) -> String { self.sanitized(text, others: "_") }

    private static func sanitized(_ text: String, others: String) -> String {
        var result = String(
            text.map { character in
                character.isASCII && (character.isLetter || character.isNumber) || others.contains(character)
                    ? character : "_"
            })
        if result.first.map({ $0.isNumber }) ?? true { result = "_" + result }
        return result
    }

    static func escaped(_ text: String, isQuoted: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where isQuoted: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
