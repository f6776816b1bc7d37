/// A second reader of JSON, as plain as the grammar: it goes down for each level, and works on characters. It has to be right,
/// not fast.
struct NaiveJSON {
    private var rest: ArraySlice<Unicode.Scalar>

    /// Whether the bytes are one value.
    static func accepts(_ bytes: [UInt8]) -> Bool {
        guard let text = String(validating: bytes, as: UTF8.self) else { return false }
        var reader = NaiveJSON(rest: ArraySlice(text.unicodeScalars))
        reader.space()
        guard reader.value(level: 0) else { return false }
        reader.space()
        return reader.rest.isEmpty
    }

    private mutating func space() {
        while let next = self.rest.first, " \t\n\r".unicodeScalars.contains(next) { self.rest.removeFirst() }
    }

    private mutating func take(_ text: String) -> Bool {
        guard self.rest.starts(with: text.unicodeScalars) else { return false }
        self.rest.removeFirst(text.unicodeScalars.count)
        return true
    }

    private mutating func value(level: Int) -> Bool {
        switch self.rest.first {
        case "{": level < 64 && self.list("{", "}") { $0.string() && $0.spaced(":") && $0.value(level: level + 1) }
        case "[": level < 64 && self.list("[", "]") { $0.value(level: level + 1) }
        case "\"": self.string()
        case "t": self.take("true")
        case "f": self.take("false")
        case "n": self.take("null")
        default: self.number()
        }
    }

    private mutating func spaced(_ text: String) -> Bool {
        self.space()
        guard self.take(text) else { return false }
        self.space()
        return true
    }

    private mutating func list(_ open: String, _ close: String, _ element: (inout NaiveJSON) -> Bool) -> Bool {
        guard self.take(open) else { return false }
        self.space()
        if self.take(close) { return true }
        while true {
            guard element(&self) else { return false }
            self.space()
            if self.take(close) { return true }
            guard self.spaced(",") else { return false }
        }
    }

    private mutating func number() -> Bool {
        var text = ""
        while let next = self.rest.first, "+-.0123456789eE".unicodeScalars.contains(next) {
            text.unicodeScalars.append(next)
            self.rest.removeFirst()
        }
        return text.wholeMatch(of: #/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/#) != nil
    }

    private mutating func string() -> Bool {
        guard self.take("\"") else { return false }
        var units: [UInt16] = []
        while let next = self.rest.popFirst() {
            switch next {
            case "\"": return String(validating: units, as: UTF16.self) != nil
            case "\\":
                switch self.rest.popFirst() {
                case "u":
                    let digits = self.rest.prefix(4).map { Character($0) }
                    guard digits.count == 4, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }),
                        let unit = UInt16(String(digits), radix: 16)
                    else { return false }
                    self.rest.removeFirst(4)
                    units.append(unit)
                case let escape? where "\"\\/bfnrt".unicodeScalars.contains(escape): units.append(0x20)
                default: return false
                }
            case "\u{0}"..<"\u{20}": return false
            default: units.append(contentsOf: UTF16.encode(next).map { Array($0) } ?? [])
            }
        }
        return false
    }
}
