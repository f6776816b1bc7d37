/// Where a value is in a text that a ``JSONScanner`` has checked. What asks for its content is given the same bytes.
package struct JSONValue: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        case object, array, string, number, `true`, `false`, null
    }

    package let kind: Kind
    /// From its first byte to its last one, a string's quotes included.
    package let range: Range<Int>
    /// Whether it is a string with escapes in it.
    let hasEscapes: Bool

    init(kind: Kind, range: Range<Int>, hasEscapes: Bool = false) {
        self.kind = kind
        self.range = range
        self.hasEscapes = hasEscapes
    }
}

/// A member of an object: its name, a string, and its value.
package struct JSONMember: Hashable, Sendable {
    package let name: JSONValue
    package let value: JSONValue
}

extension JSONValue {
    /// The string's content; nil if it is none.
    package func string(in bytes: Span<UInt8>) -> String? {
        guard self.kind == .string else { return nil }
        let content = bytes.extracting((self.range.lowerBound + 1)..<(self.range.upperBound - 1))
        guard self.hasEscapes else { return content.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } }
        return String(decoding: JSONValue.unescaped(content), as: UTF8.self)
    }

    /// Whether it is a string with this content, escaped or not.
    package func isString(_ text: StaticString, in bytes: Span<UInt8>) -> Bool {
        guard self.kind == .string else { return false }
        guard !self.hasEscapes else { return self.string(in: bytes) == text.description }
        guard self.range.count == text.utf8CodeUnitCount + 2 else { return false }
        for offset in 0..<text.utf8CodeUnitCount
        where bytes[self.range.lowerBound + 1 + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    /// The number without loss, if it is written as a whole one below 2^64: without a sign, a fraction or an exponent.
    package func unsigned(in bytes: Span<UInt8>) -> UInt64? {
        guard self.kind == .number, self.range.count <= 20 else { return nil }
        var number: UInt64 = 0
        for at in self.range {
            let digit = bytes[at] &- UInt8(ascii: "0")
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = product.addingReportingOverflow(UInt64(digit))
            guard digit < 10, !isTooLarge, !isStillTooLarge else { return nil }
            number = sum
        }
        return number
    }

    /// True or false; nil if it is neither.
    package var bool: Bool? {
        switch self.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// A copy of the value as it stands there.
    package func text(in bytes: Span<UInt8>) -> JSONText {
        JSONText(checked: bytes.extracting(self.range).withUnsafeBufferPointer { Array($0) })
    }

    private static func unescaped(_ content: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var at = 0
        while at < content.count {
            guard content[at] == UInt8(ascii: "\\") else {
                result.append(content[at])
                at += 1
                continue
            }
            let scalar: UInt32
            (scalar, at) = JSONValue.escape(at: at, in: content)
            // There is a scalar for each escape that was let through; the mark is what decoding would make of any other.
            result.append(contentsOf: String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
        }
        return result
    }

    /// What the escape stands for, and where it ends.
    private static func escape(at: Int, in content: Span<UInt8>) -> (scalar: UInt32, end: Int) {
        switch content[at + 1] {
        case UInt8(ascii: "b"): return (0x08, at + 2)
        case UInt8(ascii: "f"): return (0x0C, at + 2)
        case UInt8(ascii: "n"): return (0x0A, at + 2)
        case UInt8(ascii: "r"): return (0x0D, at + 2)
        case UInt8(ascii: "t"): return (0x09, at + 2)
        case UInt8(ascii: "u"):
            let unit = UInt32((try? JSONScanner.codeUnit(at: at + 2, in: content)) ?? 0xFFFD)
            guard unit & 0xF800 == 0xD800 else { return (unit, at + 6) }
            let low = UInt32((try? JSONScanner.codeUnit(at: at + 8, in: content)) ?? 0xDC00)
            return (0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF), at + 12)
        case let byte: return (UInt32(byte), at + 2)
        }
    }
}
