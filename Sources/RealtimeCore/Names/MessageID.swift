/// What a publisher calls a message, so that it can send it again without having it stored twice: 1 to 128 visible ASCII
/// characters, such as a UUID. The content of the header field `Idempotency-Key`.
public struct MessageID: Sendable, Hashable, CustomStringConvertible {
    /// The longest one in bytes: 128, several UUIDs. Each is kept as long as ``IdempotencyLimits`` say.
    public static let maxBytes = 128

    private let id: ByteText

    /// The id as it was given.
    public var text: String { self.id.text }

    /// Takes an id.
    ///
    /// - Throws: ``RealtimeError`` for what is not allowed.
    public init(_ text: some StringProtocol) throws(RealtimeError) {
        self.id = try ByteText(checking: text, as: .messageID, maxBytes: MessageID.maxBytes) {
            (0x21...0x7E).contains($0.value)
        }
    }

    /// As ``text``.
    public var description: String { self.text }
}
