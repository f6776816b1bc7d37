/// Checks UTF-8 as it arrives, and fails at the first byte that cannot be part of any valid text (RFC 3629; RFC 6455,
/// section 8.1). Surrogates, overlong forms and values above U+10FFFF are refused.
public struct UTF8Validator: Sendable, Hashable {
    /// How many continuation bytes the sequence under way still needs.
    @usableFromInline var needed: UInt8 = 0
    /// The least and the greatest value that its next byte may have.
    @usableFromInline var lower: UInt8 = 0x80
    @usableFromInline var upper: UInt8 = 0xBF

    /// A validator at the start of a text.
    @inlinable
    public init() {}

    /// Whether the text may end here: no sequence is under way.
    @inlinable
    public var isComplete: Bool { self.needed == 0 }

    /// Checks the next bytes of the text.
    ///
    /// - Parameter bytes: The bytes that follow those checked before.
    /// - Returns: False as soon as a byte cannot belong to a valid text; the validator is of no use afterwards.
    @inlinable
    public mutating func validate(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        let count = bytes.count
        var offset = 0
        var needed = self.needed
        var lower = self.lower
        var upper = self.upper
        while offset < count {
            if needed == 0 {
                // ASCII, 16 bytes at a time, then 8. Every load ends at or before `count`.
                while offset &+ 16 <= count {
                    let pair = base.loadUnaligned(fromByteOffset: offset, as: SIMD2<UInt64>.self)
                    if (pair.x | pair.y) & 0x8080_8080_8080_8080 != 0 { break }
                    offset &+= 16
                }
                if offset &+ 8 <= count,
                    base.loadUnaligned(fromByteOffset: offset, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                {
                    offset &+= 8
                }
                if offset == count { break }
            }
            let byte = base.load(fromByteOffset: offset, as: UInt8.self)
            offset &+= 1
            if needed != 0 {
                guard byte >= lower && byte <= upper else { return false }
                needed &-= 1
                lower = 0x80
                upper = 0xBF
            } else if byte >= 0x80 {
                // The ranges of table 3-7 of the Unicode standard.
                switch byte {
                case 0xC2...0xDF: needed = 1
                case 0xE0:
                    needed = 2
                    lower = 0xA0
                case 0xED:
                    needed = 2
                    upper = 0x9F
                case 0xE1...0xEF: needed = 2
                case 0xF0:
                    needed = 3
                    lower = 0x90
                case 0xF1...0xF3: needed = 3
                case 0xF4:
                    needed = 3
                    upper = 0x8F
                default: return false
                }
            }
        }
        self.needed = needed
        self.lower = lower
        self.upper = upper
        return true
    }

    /// Whether the bytes are one whole valid text.
    @inlinable
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var validator = UTF8Validator()
        return validator.validate(bytes) && validator.isComplete
    }
}
