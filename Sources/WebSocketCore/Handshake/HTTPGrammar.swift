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

    /// The members of a comma separated list, over all fields of that name, without the white space around them. Empty
    /// members are skipped, as RFC 9110 wants.
    package static func list(_ values: [String]) -> [Substring] {
        values.flatMap { $0.split(separator: ",") }.map(trim).filter { !$0.isEmpty }
    }

    /// Whether one of the list's members is this token, in whatever case.
    package static func list(_ values: [String], contains token: String) -> Bool {
        list(values).contains { $0.lowercased() == token }
    }

    /// The text without spaces and tabs at its ends.
    package static func trim(_ text: Substring) -> Substring {
        var text = text
        while let first = text.utf8.first, first == 0x20 || first == 0x09 { text = text.dropFirst() }
        while let last = text.utf8.last, last == 0x20 || last == 0x09 { text = text.dropLast() }
        return text
    }
}

extension HTTPField.Name {
    /// `Upgrade`, which the HTTP types library leaves out, since HTTP/2 has none.
    package static let upgrade = HTTPField.Name("Upgrade")!
    /// `Host`, where it is not the request's authority.
    package static let host = HTTPField.Name("Host")!
}
