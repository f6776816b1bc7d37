/// Percent-encoding (URL standard, section 1.3), byte by byte: what is not ASCII is encoded as its UTF-8.
enum PercentEncoding {
    /// Which bytes of a part are encoded, beside controls, DEL and what is not ASCII.
    struct EncodeSet: Sendable {
        let bytes: Set<UInt8>

        init(_ characters: String) { self.bytes = Set(characters.utf8) }

        func contains(_ byte: UInt8) -> Bool { byte <= 0x1F || byte > 0x7E || self.bytes.contains(byte) }

        /// Of a path.
        static let path = EncodeSet(" \"#<>?^`{}")
        /// Of the query of a web address ("special-query").
        static let query = EncodeSet(" \"#<>'")
        /// Of a user's name and password.
        static let userinfo = EncodeSet(" \"#<>?^`{}/:;=@[\\]|")
    }

    /// The text of the bytes, with those of the set encoded. A "%" stays as it is.
    static func encode(_ bytes: some Sequence<UInt8>, _ set: EncodeSet) -> String {
        var out: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in bytes {
            if set.contains(byte) {
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes behind the text. A "%" without two digits behind it stands for itself.
    static func decode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        var out: [UInt8] = []
        var at = 0
        while at < input.count {
            if input[at] == UInt8(ascii: "%"), at + 2 < input.count, let high = self.hexValue(input[at + 1]),
                let low = self.hexValue(input[at + 2])
            {
                out.append(high << 4 | low)
                at += 3
            } else {
                out.append(input[at])
                at += 1
            }
        }
        return out
    }

    /// The value of a hexadecimal digit.
    static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - 55
        default: nil
        }
    }
}
