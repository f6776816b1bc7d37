/// How JSON that somebody has written is laid into what is no JSON: a line, and a script in a page.
enum JSONEmbedding {
    /// Whether the JSON is one line. In strings line breaks are escaped, so that a raw one is space between tokens.
    static func isOneLine(_ json: some Sequence<UInt8>) -> Bool {
        json.allSatisfy { !JSONEmbedding.isLineBreak($0) }
    }

    /// The same value in one line: without the line breaks between its tokens.
    static func line(_ json: some Sequence<UInt8>) -> [UInt8] {
        json.filter { !JSONEmbedding.isLineBreak($0) }
    }

    private static func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    /// The same value, which is one line, as an expression of JavaScript within `<script>`.
    ///
    /// `<` can end the script, or begin a comment in which its end is not seen; U+2028 and U+2029 end a line within a string
    /// in browsers before ES2019. They can only be in strings, where an escape means the same. And in an object that is
    /// written in a script, a member `__proto__` sets the prototype, and a second one is a syntax error. What may have one is
    /// handed to `JSON.parse` as a string, for which it is a name like any other.
    static func expression(_ line: [UInt8]) -> [UInt8] {
        guard JSONEmbedding.mayNamePrototype(line) else { return JSONEmbedding.escaped(line) }
        var writer = JSONWriter(capacity: line.count + line.count / 4 + 16)
        writer.raw("JSON.parse(")
        writer.string(String(decoding: line, as: UTF8.self))
        writer.raw(")")
        return JSONEmbedding.escaped(writer.bytes)
    }

    /// With `<`, U+2028 and U+2029 as escapes.
    private static func escaped(_ json: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(json.count + 16)
        var at = 0
        while at < json.count {
            let byte = json[at]
            if byte == UInt8(ascii: "<") {
                result.append(contentsOf: #"\u003c"#.utf8)
                at += 1
            } else if byte == 0xE2, at + 2 < json.count, json[at + 1] == 0x80, json[at + 2] & 0xFE == 0xA8 {
                result.append(contentsOf: (json[at + 2] == 0xA8 ? #"\u2028"# : #"\u2029"#).utf8)
                at += 3
            } else {
                result.append(byte)
                at += 1
            }
        }
        return result
    }

    /// Whether a name may be `__proto__`: it stands there, or a character of ASCII is escaped, which seldom is.
    private static func mayNamePrototype(_ json: [UInt8]) -> Bool {
        for at in json.indices {
            let rest = json[at...]
            switch json[at] {
            case UInt8(ascii: "_"): if rest.starts(with: "__proto__".utf8) { return true }
            case UInt8(ascii: "\\"): if rest.starts(with: #"\u00"#.utf8) { return true }
            default: continue
            }
        }
        return false
    }
}
