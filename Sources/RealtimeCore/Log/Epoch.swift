/// A life of a room's history. Offsets count within one; when history is lost there is a new one, so that a position of
/// before is not mistaken for one of now. It says nothing about before and after.
public struct Epoch: Sendable, Hashable, CustomStringConvertible {
    /// The longest text form: 13 letters and digits.
    public static let maxLength = 13

    private let bits: UInt64

    /// Makes one from random bits: all 64 are used, so that two epochs of a room are never the same.
    public init(random bits: UInt64) {
        self.bits = bits
    }

    /// Reads the text form.
    ///
    /// - Throws: ``RealtimeError`` if it is not exactly as ``text`` makes it: lower case, no leading zeros.
    public init(parsing text: some StringProtocol) throws(RealtimeError) {
        // The length first: the text may be long, and `UInt64` would read all of it, and take a sign or capitals.
        guard text.utf8.count <= Epoch.maxLength, let bits = UInt64(text, radix: 36), String(bits, radix: 36) == text
        else { throw RealtimeError(.malformed(.epoch)) }
        self.bits = bits
    }

    /// 1 to 13 of `0-9a-z`.
    public var text: String { String(self.bits, radix: 36) }

    /// The text form, as ``text``.
    public var description: String { self.text }
}
