/// An IP address, by its bytes. Text comes in as the URL standard writes it, and goes out so.
struct IPAddress: Sendable, Hashable {
    /// 4 bytes for IPv4, 16 for IPv6.
    let bytes: [UInt8]

    /// Nil unless there are 4 or 16 bytes.
    init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// An address as text: four decimal numbers, or IPv6 without brackets.
    init?(_ text: some StringProtocol) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            self.init(v6: Array(text.utf8))
        } else {
            let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count == 4 else { return nil }
            var bytes: [UInt8] = []
            for part in parts {
                guard part.count <= 3, let value = IPAddress.number(part, radix: 10), value <= 255 else { return nil }
                bytes.append(UInt8(value))
            }
            self.init(bytes: bytes)
        }
    }

    /// IPv4 as browsers take it: one to four parts, each decimal, octal ("0…") or hexadecimal ("0x…"), the last one for all
    /// bytes that are left (URL standard, "IPv4 parser").
    init?(looseV4 text: some Collection<UInt8>) {
        var parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if let last = parts.last, last.isEmpty, parts.count > 1 { parts.removeLast() }
        guard (1...4).contains(parts.count) else { return nil }
        var numbers: [UInt64] = []
        for part in parts {
            guard let number = IPAddress.looseNumber(part) else { return nil }
            numbers.append(number)
        }
        let last = numbers.removeLast()
        guard numbers.allSatisfy({ $0 <= 255 }), last < 1 << (8 * (4 - UInt64(numbers.count))) else { return nil }
        var value = last
        for (position, number) in numbers.enumerated() { value |= number << UInt64(8 * (3 - position)) }
        self.bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt64($0)) }
    }

    /// IPv6 (URL standard, "IPv6 parser"; RFC 4291, section 2.2): no zone.
    init?(v6 text: [UInt8]) {
        let colon = UInt8(ascii: ":")
        var pieces: [UInt16] = []
        var gap: Int?
        var at = 0
        if text.starts(with: [colon, colon]) {
            (gap, at) = (0, 2)
        } else if text.first == colon {
            return nil
        }
        while at < text.count {
            guard pieces.count < 8 else { return nil }
            if text[at] == colon {
                guard gap == nil else { return nil }
                gap = pieces.count
                at += 1
                continue
            }
            let piece = text[at...].prefix { $0 != colon }
            if piece.contains(UInt8(ascii: ".")) {
                // The last four bytes as IPv4.
                guard at + piece.count == text.count, pieces.count <= 6,
                    let v4 = IPAddress(String(decoding: piece, as: UTF8.self))?.bytes
                else { return nil }
                pieces.append(UInt16(v4[0]) << 8 | UInt16(v4[1]))
                pieces.append(UInt16(v4[2]) << 8 | UInt16(v4[3]))
                at = text.count
                continue
            }
            guard piece.count <= 4, let value = IPAddress.number(piece, radix: 16) else { return nil }
            pieces.append(UInt16(value))
            at += piece.count
            if at < text.count {
                at += 1
                guard at < text.count else { return nil }
            }
        }
        if let gap {
            guard pieces.count < 8 else { return nil }
            pieces.insert(contentsOf: repeatElement(0, count: 8 - pieces.count), at: gap)
        }
        guard pieces.count == 8 else { return nil }
        self.bytes = pieces.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }

    var isV6: Bool { self.bytes.count == 16 }

    /// 127.0.0.0/8 and ::1.
    var isLoopback: Bool {
        self.isV6 ? self.bytes.dropLast().allSatisfy { $0 == 0 } && self.bytes[15] == 1 : self.bytes[0] == 127
    }

    /// Whether the first bits are those of another address of the same kind.
    func shares(_ bits: Int, with other: IPAddress) -> Bool {
        guard self.bytes.count == other.bytes.count, (0...self.bytes.count * 8).contains(bits) else { return false }
        let whole = bits / 8
        guard self.bytes.prefix(whole) == other.bytes.prefix(whole) else { return false }
        let rest = bits % 8
        return rest == 0 || (self.bytes[whole] ^ other.bytes[whole]) >> UInt8(8 - rest) == 0
    }

    private static func looseNumber(_ part: some Collection<UInt8>) -> UInt64? {
        var digits = Array(part)
        guard !digits.isEmpty else { return nil }
        var radix: UInt64 = 10
        if digits.count >= 2, digits[0] == UInt8(ascii: "0") {
            if digits[1] | 0x20 == UInt8(ascii: "x") {
                digits.removeFirst(2)
                radix = 16
            } else {
                digits.removeFirst()
                radix = 8
            }
        }
        return digits.isEmpty ? 0 : self.number(digits, radix: radix)
    }

    /// A number of digits only, at most 2^33; nil for anything else.
    private static func number(_ digits: some Collection<UInt8>, radix: UInt64) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard let digit = PercentEncoding.hexValue(digit), UInt64(digit) < radix else { return nil }
            value = min(value * radix + UInt64(digit), 1 << 33)
        }
        return value
    }
}

extension IPAddress: CustomStringConvertible {
    /// The address as text; of IPv6, the longest run of two or more zeros is left out (RFC 5952, section 4).
    var description: String {
        guard self.isV6 else { return self.bytes.map { "\($0)" }.joined(separator: ".") }
        let pieces = stride(from: 0, to: 16, by: 2).map { UInt16(self.bytes[$0]) << 8 | UInt16(self.bytes[$0 + 1]) }
        var longest = 0..<0
        var start = 0
        for end in 0...8 where end == 8 || pieces[end] != 0 {
            if end - start > max(longest.count, 1) { longest = start..<end }
            start = end + 1
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !longest.isEmpty else { return text(pieces[...]) }
        return text(pieces[..<longest.lowerBound]) + "::" + text(pieces[longest.upperBound...])
    }
}
