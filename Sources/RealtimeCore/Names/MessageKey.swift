/// What a message is about, where a newer message about the same makes the older one worthless: a courier on a map, a row of
/// a table. 1 to 128 bytes of UTF-8 without control characters; two are the same if their bytes are.
public struct MessageKey: Sendable, Hashable, CustomStringConvertible {
    /// The longest one in bytes of UTF-8: 128, as of a member's id. It is kept with the message.
    public static let maxBytes = 128

    private let key: ByteText

    /// The key as it was given.
    public var text: String { self.key.text }

    /// Takes a key.
    ///
    /// - Throws: ``RealtimeError`` for what is not allowed.
    public init(_ text: some StringProtocol) throws(RealtimeError) {
        self.key = try ByteText(checking: text, as: .messageKey, maxBytes: MessageKey.maxBytes)
    }

    /// As ``text``.
    public var description: String { self.text }
}
