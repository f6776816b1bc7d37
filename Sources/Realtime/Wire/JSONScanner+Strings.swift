extension JSONScanner {
    /// Passes a string, at whose opening quote the scanner stands.
    ///
    /// - Returns: Whether there are escapes in it.
    mutating func string(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
        var at = self.index + 1
        var hasEscapes = false
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "\""):
                self.index = at + 1
                return hasEscapes
            case UInt8(ascii: "\\"):
                hasEscapes = true
                at += try JSONScanner.lengthOfEscape(at: at, in: bytes)
            case 0x20..<0x80:
                at += 1
            case 0x80...:
                at += try JSONScanner.lengthOfCharacter(byte, at: at, in: bytes)
            default:
                throw JSONError(.control, at: at)
            }
        }
        throw JSONError(.end, at: bytes.count)
    }

    /// How many bytes the escape has, both halves of a surrogate pair together.
    private static func lengthOfEscape(at: Int, in bytes: Span<UInt8>) throws(JSONError) -> Int {
        guard at + 1 < bytes.count else { throw JSONError(.end, at: bytes.count) }
        switch bytes[at + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            let unit = try JSONScanner.codeUnit(at: at + 2, in: bytes)
            guard unit & 0xF800 == 0xD800 else { return 6 }
            guard unit < 0xDC00, at + 7 < bytes.count, bytes[at + 6] == UInt8(ascii: "\\"),
                bytes[at + 7] == UInt8(ascii: "u")
            else { throw JSONError(.surrogate, at: at) }
            guard try JSONScanner.codeUnit(at: at + 8, in: bytes) & 0xFC00 == 0xDC00 else {
                throw JSONError(.surrogate, at: at)
            }
            return 12
        default:
            throw JSONError(.escape, at: at)
        }
    }

    /// The four hexadecimal digits of an escape.
    static func codeUnit(at start: Int, in bytes: Span<UInt8>) throws(JSONError) -> UInt16 {
        guard start + 4 <= bytes.count else { throw JSONError(.end, at: bytes.count) }
        var unit: UInt16 = 0
        for at in start..<(start + 4) {
            let digit: UInt8
            switch bytes[at] {
            case let byte where byte &- UInt8(ascii: "0") < 10: digit = byte - UInt8(ascii: "0")
            case let byte where (byte | 0x20) &- UInt8(ascii: "a") < 6: digit = (byte | 0x20) - UInt8(ascii: "a") + 10
            default: throw JSONError(.escape, at: at)
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// How many bytes of UTF-8 the character has, that begins with such a byte; no overlong forms, no surrogates, and none
    /// beyond U+10FFFF.
    private static func lengthOfCharacter(_ first: UInt8, at: Int, in bytes: Span<UInt8>) throws(JSONError) -> Int {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0:
            length = 3
            second = 0xA0...0xBF
        case 0xED:
            length = 3
            second = 0x80...0x9F
        case 0xE1...0xEF: length = 3
        case 0xF0:
            length = 4
            second = 0x90...0xBF
        case 0xF4:
            length = 4
            second = 0x80...0x8F
        case 0xF1...0xF3: length = 4
        default: throw JSONError(.utf8, at: at)
        }
        guard at + length <= bytes.count else { throw JSONError(.utf8, at: at) }
        guard second.contains(bytes[at + 1]) else { throw JSONError(.utf8, at: at) }
        for next in (at + 2)..<(at + length) {
            guard bytes[next] & 0xC0 == 0x80 else { throw JSONError(.utf8, at: at) }
        }
        return length
    }
}
