package import HTTPTypes

/// The few rules of HTTP's grammar that the handshake needs (RFC 9110, section 5.6).
package enum HTTPGrammar {
    /// Whether the byte may stand in a token.
    package static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Whether the text is a token.
    package static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    /// Whether the text is this token, which is given in lower case. Case is ASCII's alone: `lowercased()` would take the
    /// Kelvin sign for a K.
    package static func matches(_ text: some StringProtocol, _ token: String) -> Bool {
        text.utf8.elementsEqual(token.utf8) { byte, expected in
            (UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte) == expected
        }
    }

    /// The members of a comma separated list, over all fields of that name, without the white space around them. Empty
    /// members are skipped, as RFC 9110 wants.
    package static func list(_ values: [String]) -> [Substring] {
        // By bytes: as a character, a comma with a combining mark behind it is no comma.
        values.flatMap { $0.utf8.split(separator: UInt8(ascii: ",")) }.map(trim).filter { !$0.isEmpty }
    }

    /// Whether one of the list's members is this token (in lower case), in whatever case.
    package static func list(_ values: [String], contains token: String) -> Bool {
        list(values).contains { matches($0, token) }
    }

    /// The text without spaces and tabs at its ends.
    private static func trim(_ text: Substring.UTF8View) -> Substring {
        var text = text
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return Substring(text)
    }
}

extension HTTPField.Name {
    /// `Host`, where it is not the request's authority; the HTTP types library makes its own unavailable.
    package static let host = HTTPField.Name("Host")!
}
