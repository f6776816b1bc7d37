/// Writes JSON behind each other into bytes. The caller sees to commas and braces; what comes from outside goes through
/// ``string(_:)``, or is ``JSONText``.
package struct JSONWriter: Sendable {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 0) {
        self.bytes.reserveCapacity(capacity)
    }

    /// What is JSON already, or what stands around it.
    package mutating func raw(_ text: StaticString) {
        self.bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// What is JSON already.
    package mutating func raw(_ bytes: some Collection<UInt8>) {
        self.bytes.append(contentsOf: bytes)
    }

    /// A value as it was written.
    package mutating func json(_ text: JSONText) {
        self.bytes.append(contentsOf: text.bytes)
    }

    /// A whole number in decimal.
    package mutating func number(_ number: UInt64) {
        var power: UInt64 = 1
        while number / power >= 10 { power *= 10 }
        while power > 0 {
            self.bytes.append(UInt8(ascii: "0") + UInt8(number / power % 10))
            power /= 10
        }
    }

    /// True or false.
    package mutating func bool(_ bool: Bool) {
        self.raw(bool ? "true" : "false")
    }

    /// A string in quotes. Only what has to be escaped is: quotes, backslashes, and control characters below U+0020.
    package mutating func string(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            for at in utf8.indices where JSONWriter.isEscaped(utf8[at]) {
                self.bytes.append(contentsOf: utf8[start..<at])
                self.escape(utf8[at])
                start = at + 1
            }
            self.bytes.append(contentsOf: utf8[start...])
        }
        self.bytes.append(UInt8(ascii: "\""))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): self.raw(#"\""#)
        case UInt8(ascii: "\\"): self.raw(#"\\"#)
        case 0x08: self.raw(#"\b"#)
        case 0x09: self.raw(#"\t"#)
        case 0x0A: self.raw(#"\n"#)
        case 0x0C: self.raw(#"\f"#)
        case 0x0D: self.raw(#"\r"#)
        default:
            self.raw(byte < 0x10 ? #"\u000"# : #"\u001"#)
            let digit = byte & 0xF
            self.bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
