/// Base64 (RFC 4648, section 4), strictly: for the 16-byte key and the 20-byte answer of the handshake, and for the
/// client's `Authorization`.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The text of the bytes, padded.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        let bytes = Array(bytes)
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for i in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - i)
            var group = UInt32(bytes[i]) << 16
            if count > 1 { group |= UInt32(bytes[i + 1]) << 8 }
            if count > 2 { group |= UInt32(bytes[i + 2]) }
            for position in 0..<4 {
                out.append(
                    position <= count ? alphabet[Int(group >> UInt32(18 - 6 * position) & 0x3F)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes of the text; nil unless it is padded, of the alphabet only, and without stray bits at its end.
    package static func decode(_ text: String) -> [UInt8]? {
        let input = Array(text.utf8)
        guard input.count % 4 == 0 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(input.count / 4 * 3)
        for i in stride(from: 0, to: input.count, by: 4) {
            let isLast = i + 4 == input.count
            let padding = isLast ? input[i..<i + 4].reversed().prefix { $0 == UInt8(ascii: "=") }.count : 0
            guard padding <= 2 else { return nil }
            var group: UInt32 = 0
            for j in 0..<4 {
                if j >= 4 - padding {
                    group <<= 6
                } else {
                    guard let value = value(input[i + j]) else { return nil }
                    group = group << 6 | value
                }
            }
            let stray: UInt32 = padding == 1 ? 0xFF : padding == 2 ? 0xFFFF : 0
            guard group & stray == 0 else { return nil }
            out.append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { out.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { out.append(UInt8(truncatingIfNeeded: group)) }
        }
        return out
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) + 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
