/// A text that is compared by its UTF-8. To `String` a composed and a decomposed letter are the same; to a browser, and to
/// every store outside, they are not, so a name is what its bytes are.
struct ByteText: Sendable, Hashable, Comparable {
    let text: String

    init(_ text: some StringProtocol) {
        var text = String(text)
        // for a bridged string, so that the bytes are there when it is hashed
        text.makeContiguousUTF8()
        self.text = text
    }

    static func == (left: ByteText, right: ByteText) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    static func < (left: ByteText, right: ByteText) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        self.text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // no byte of UTF-8: it ends the text
        hasher.combine(0xFF as UInt8)
    }
}

extension ByteText {
    /// The text, if it is not empty, not too long, and has only allowed characters.
    init(
        checking text: some StringProtocol, as subject: RealtimeError.Subject, maxBytes: Int,
        isAllowed: (Unicode.Scalar) -> Bool = { !$0.isControlling }
    ) throws(RealtimeError) {
        guard !text.isEmpty else { throw RealtimeError(.empty(subject)) }
        let size = text.utf8.count
        guard size <= maxBytes else { throw RealtimeError(.tooLong(subject, size: size, limit: maxBytes)) }
        for scalar in text.unicodeScalars where !isAllowed(scalar) {
            throw RealtimeError(.character(subject, scalar))
        }
        self.init(text)
    }
}

extension Unicode.Scalar {
    /// Whether it moves the rest of a line about instead of being seen: control characters, separators of lines and
    /// paragraphs, and what turns the direction of writing. In a log or on a page they make one name look like another.
    var isControlling: Bool {
        switch self.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
