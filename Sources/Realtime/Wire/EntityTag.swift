package import RealtimeCore

/// A position as an entity tag (RFC 9110, section 8.8.3): of a polling answer that has reached it.
package enum EntityTag {
    /// `"EPOCH:OFFSET"`, in quotes.
    package static func text(_ position: Position) -> String { "\"\(position.text)\"" }

    /// Whether the field `If-None-Match` has it. It is compared weakly, as section 13.1.2 wants: proxies that compress an
    /// answer make its tag a weak one. `*` is no position, and matches none.
    package static func isMatched(_ position: Position, by ifNoneMatch: String) -> Bool {
        let tag = EntityTag.text(position)
        return ifNoneMatch.utf8.split(separator: UInt8(ascii: ",")).contains { part in
            var part = part.drop { $0 == 0x20 || $0 == 0x09 }
            if part.starts(with: "W/".utf8) { part = part.dropFirst(2) }
            while let last = part.last, last == 0x20 || last == 0x09 { part.removeLast() }
            return part.elementsEqual(tag.utf8)
        }
    }
}
