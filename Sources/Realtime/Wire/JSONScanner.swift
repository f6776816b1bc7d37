/// Goes once through a text of JSON (RFC 8259), checks all of it, and says where its values are.
///
/// A value is a range of the caller's bytes: what is passed on is passed on as it came, and numbers lose nothing. The scanner
/// allocates nothing, and does not recurse. It takes what the RFC's grammar allows and nothing else, in UTF-8 that is valid
/// (the Unicode Standard, table 3-7), without a byte order mark. Beyond the grammar it refuses an escaped half of a surrogate
/// pair: it is no character, and a reader that has to make a string of it could not read the message. Names that stand twice
/// in an object are left to the caller at the top, and are not looked for below.
///
/// ```swift
/// var scanner = JSONScanner()
/// try scanner.beginObject(in: bytes)
/// while let member = try scanner.nextMember(in: bytes) { … }
/// ```
///
/// All calls have to be made with the same bytes. After an error it must not be asked again.
package struct JSONScanner: Sendable {
    /// How deep objects and arrays may lie in each other, the outermost one counted: 64. One bit is kept for each; what
    /// people write by hand or generate from types stays below 20, and many parsers fail from some hundreds on.
    package static let maxDepth = 64

    var index = 0
    private var isFirst = true

    package init() {}

    /// Passes the opening brace of the one object that is the text.
    ///
    /// - Throws: ``JSONError`` if the text is something else.
    package mutating func beginObject(in bytes: Span<UInt8>) throws(JSONError) {
        self.skipSpace(in: bytes)
        guard self.index < bytes.count else { throw JSONError(.end, at: self.index) }
        guard bytes[self.index] == UInt8(ascii: "{") else { throw JSONError(.noObject, at: self.index) }
        self.index += 1
    }

    /// The next member of the object; nil after the last one, when there is nothing behind the object either.
    ///
    /// - Throws: ``JSONError`` for what is not allowed.
    package mutating func nextMember(in bytes: Span<UInt8>) throws(JSONError) -> JSONMember? {
        self.skipSpace(in: bytes)
        if self.index < bytes.count, bytes[self.index] == UInt8(ascii: "}") {
            self.index += 1
            try self.finish(in: bytes)
            return nil
        }
        if !self.isFirst {
            try self.expect(UInt8(ascii: ","), in: bytes)
            self.skipSpace(in: bytes)
        }
        self.isFirst = false
        let name = try self.name(in: bytes)
        self.skipSpace(in: bytes)
        return JSONMember(name: name, value: try self.value(in: bytes, depth: 1))
    }

    /// The value that is the whole text.
    ///
    /// - Throws: ``JSONError`` for what is not allowed.
    package static func value(of bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
        var scanner = JSONScanner()
        scanner.skipSpace(in: bytes)
        let value = try scanner.value(in: bytes, depth: 0)
        try scanner.finish(in: bytes)
        return value
    }

    private mutating func finish(in bytes: Span<UInt8>) throws(JSONError) {
        self.skipSpace(in: bytes)
        guard self.index == bytes.count else { throw JSONError(.trailing, at: self.index) }
    }

    // MARK: Values

    /// One value, at whose first byte the scanner stands.
    private mutating func value(in bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONValue {
        let start = self.index
        guard start < bytes.count else { throw JSONError(.end, at: start) }
        switch bytes[start] {
        case UInt8(ascii: "\""):
            let hasEscapes = try self.string(in: bytes)
            return JSONValue(kind: .string, range: start..<self.index, hasEscapes: hasEscapes)
        case UInt8(ascii: "{"):
            try self.container(in: bytes, depth: depth)
            return JSONValue(kind: .object, range: start..<self.index)
        case UInt8(ascii: "["):
            try self.container(in: bytes, depth: depth)
            return JSONValue(kind: .array, range: start..<self.index)
        case let byte:
            return JSONValue(kind: try self.scalar(byte, in: bytes), range: start..<self.index)
        }
    }

    /// What is neither string nor container.
    private mutating func scalar(_ first: UInt8, in bytes: Span<UInt8>) throws(JSONError) -> JSONValue.Kind {
        switch first {
        case UInt8(ascii: "t"):
            try self.word("true", in: bytes)
            return .true
        case UInt8(ascii: "f"):
            try self.word("false", in: bytes)
            return .false
        case UInt8(ascii: "n"):
            try self.word("null", in: bytes)
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try self.number(in: bytes)
            return .number
        default:
            throw JSONError(.unexpected, at: self.index)
        }
    }

    /// An object or an array with all that lies in it. One bit for each that is open says whether it is an object.
    private mutating func container(in bytes: Span<UInt8>, depth outer: Int) throws(JSONError) {
        var objects: UInt64 = 0
        var depth = outer
        repeat {
            // at the beginning of a value
            guard self.index < bytes.count else { throw JSONError(.end, at: self.index) }
            switch bytes[self.index] {
            case UInt8(ascii: "\""):
                _ = try self.string(in: bytes)
            case let byte where byte == UInt8(ascii: "{") || byte == UInt8(ascii: "["):
                guard depth < JSONScanner.maxDepth else { throw JSONError(.depth, at: self.index) }
                let isObject = byte == UInt8(ascii: "{")
                depth += 1
                objects = objects << 1 | (isObject ? 1 : 0)
                self.index += 1
                self.skipSpace(in: bytes)
                guard self.index < bytes.count else { throw JSONError(.end, at: self.index) }
                if bytes[self.index] != JSONScanner.end(isObject) {
                    if isObject { try self.nameAndSpace(in: bytes) }
                    continue
                }
            case let byte:
                _ = try self.scalar(byte, in: bytes)
            }
            // behind a value, or before the end of an empty container
            try self.closeOrContinue(&objects, &depth, outer: outer, in: bytes)
        } while depth > outer
    }

    /// Passes the ends that follow a value, and then the comma, if there is still a container open.
    private mutating func closeOrContinue(
        _ objects: inout UInt64, _ depth: inout Int, outer: Int, in bytes: Span<UInt8>
    ) throws(JSONError) {
        while depth > outer {
            self.skipSpace(in: bytes)
            guard self.index < bytes.count else { throw JSONError(.end, at: self.index) }
            let isObject = objects & 1 == 1
            switch bytes[self.index] {
            case JSONScanner.end(isObject):
                self.index += 1
                depth -= 1
                objects >>= 1
            case UInt8(ascii: ","):
                self.index += 1
                self.skipSpace(in: bytes)
                if isObject { try self.nameAndSpace(in: bytes) }
                return
            default:
                throw JSONError(.unexpected, at: self.index)
            }
        }
    }

    private static func end(_ isObject: Bool) -> UInt8 { isObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }

    private mutating func nameAndSpace(in bytes: Span<UInt8>) throws(JSONError) {
        _ = try self.name(in: bytes)
        self.skipSpace(in: bytes)
    }

    /// A member's name and its colon.
    private mutating func name(in bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
        let start = self.index
        guard start < bytes.count else { throw JSONError(.end, at: start) }
        guard bytes[start] == UInt8(ascii: "\"") else { throw JSONError(.unexpected, at: start) }
        let hasEscapes = try self.string(in: bytes)
        let name = JSONValue(kind: .string, range: start..<self.index, hasEscapes: hasEscapes)
        self.skipSpace(in: bytes)
        try self.expect(UInt8(ascii: ":"), in: bytes)
        return name
    }

    // MARK: Tokens

    private mutating func skipSpace(in bytes: Span<UInt8>) {
        while self.index < bytes.count {
            switch bytes[self.index] {
            case 0x20, 0x09, 0x0A, 0x0D: self.index += 1
            default: return
            }
        }
    }

    private mutating func expect(_ byte: UInt8, in bytes: Span<UInt8>) throws(JSONError) {
        guard self.index < bytes.count else { throw JSONError(.end, at: self.index) }
        guard bytes[self.index] == byte else { throw JSONError(.unexpected, at: self.index) }
        self.index += 1
    }

    private mutating func word(_ word: StaticString, in bytes: Span<UInt8>) throws(JSONError) {
        for offset in 0..<word.utf8CodeUnitCount {
            try self.expect(word.utf8Start[offset], in: bytes)
        }
    }

    private mutating func number(in bytes: Span<UInt8>) throws(JSONError) {
        if bytes[self.index] == UInt8(ascii: "-") { self.index += 1 }
        let first = self.index
        try self.digits(in: bytes)
        guard bytes[first] != UInt8(ascii: "0") || self.index == first + 1 else { throw JSONError(.number, at: first) }
        if self.index < bytes.count, bytes[self.index] == UInt8(ascii: ".") {
            self.index += 1
            try self.digits(in: bytes)
        }
        if self.index < bytes.count, bytes[self.index] | 0x20 == UInt8(ascii: "e") {
            self.index += 1
            if self.index < bytes.count {
                let sign = bytes[self.index]
                if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { self.index += 1 }
            }
            try self.digits(in: bytes)
        }
    }

    /// One digit or more.
    private mutating func digits(in bytes: Span<UInt8>) throws(JSONError) {
        let start = self.index
        while self.index < bytes.count, bytes[self.index] &- UInt8(ascii: "0") < 10 { self.index += 1 }
        guard self.index > start else {
            throw JSONError(self.index < bytes.count ? .number : .end, at: self.index)
        }
    }
}
