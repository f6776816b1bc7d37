/// The function that a stream of scripts calls: names of letters, digits, `_` and `$` with dots between them, at most 64
/// bytes. Nothing else can stand there, so that the query of a link cannot bring a script of its own into the page.
package struct ScriptCallback: Hashable, Sendable {
    /// The longest one in bytes: 64, a few names of a name space.
    package static let maxBytes = 64

    /// `parent.duplex`.
    package static let standard = ScriptCallback(checked: "parent.duplex")

    package let text: String

    private init(checked text: String) {
        self.text = text
    }

    /// Takes what the query says.
    ///
    /// - Throws: ``WireError`` of the code `invalid_request`.
    package init(_ text: String) throws(WireError) {
        let names = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.utf8.count <= ScriptCallback.maxBytes, names.allSatisfy(ScriptCallback.isName) else {
            throw WireError(
                .invalidRequest,
                "'callback' must be names of letters, digits, '_' and '$' with dots between, in \(ScriptCallback.maxBytes) bytes"
            )
        }
        self.text = text
    }

    private static func isName(_ name: Substring.UTF8View) -> Bool {
        guard let first = name.first, first &- UInt8(ascii: "0") >= 10 else { return false }
        return name.allSatisfy { byte in
            byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: "$")
        }
    }
}
