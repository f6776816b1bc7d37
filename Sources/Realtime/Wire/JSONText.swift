/// A value of JSON as somebody has written it, known to be valid: it can be laid into other JSON as it is.
package struct JSONText: Hashable, Sendable {
    /// The bytes, without space around them. Between its tokens there may be space, line breaks too.
    package let bytes: [UInt8]

    /// `{}`.
    package static let emptyObject = JSONText(checked: Array("{}".utf8))

    /// Takes bytes that a ``JSONScanner`` has passed as one value.
    init(checked bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Takes one value, and checks it; space around it is left out.
    ///
    /// - Throws: ``JSONError`` if it is none.
    package init(checking bytes: [UInt8]) throws(JSONError) {
        let value = try JSONScanner.value(of: bytes.span)
        self.bytes = value.range.count == bytes.count ? bytes : Array(bytes[value.range])
    }
}

extension JSONText: CustomStringConvertible {
    /// The JSON.
    package var description: String { String(decoding: self.bytes, as: UTF8.self) }
}
