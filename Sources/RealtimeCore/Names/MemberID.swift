/// Who somebody is: 1 to 128 bytes of UTF-8 without control characters. Two are the same if their bytes are.
///
/// It is the application's own word, from a token or an account. For somebody unknown the caller makes one up.
public struct MemberID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The longest one in bytes of UTF-8: 128, more than a UUID or most addresses have. Rooms keep one for each member, and
    /// one for each message id that they remember.
    public static let maxBytes = 128

    private let id: ByteText

    /// The id as it was given.
    public var text: String { self.id.text }

    /// Takes an id.
    ///
    /// - Throws: ``RealtimeError`` for what is not allowed.
    public init(_ text: some StringProtocol) throws(RealtimeError) {
        self.id = try ByteText(checking: text, as: .member, maxBytes: MemberID.maxBytes)
    }

    /// As ``text``.
    public var description: String { self.text }

    /// The order of their bytes.
    public static func < (left: MemberID, right: MemberID) -> Bool { left.id < right.id }
}
