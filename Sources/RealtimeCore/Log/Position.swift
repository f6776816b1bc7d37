/// A place in a room's history: behind the message with this offset. Its text form is `EPOCH:OFFSET`.
///
/// The first message of an epoch has offset 1, and the next ones follow without gaps. Offset 0 is before everything. Which
/// of two positions is earlier can only be said within an epoch.
public struct Position: Sendable, Hashable, CustomStringConvertible {
    /// The life of the history that the offset counts in.
    public let epoch: Epoch
    /// The offset of the last message before this place; 0 before the first one.
    public let offset: UInt64

    /// The longest text form in bytes: 34.
    public static let maxLength = Epoch.maxLength + 1 + 20

    /// Makes a position.
    public init(epoch: Epoch, offset: UInt64) {
        self.epoch = epoch
        self.offset = offset
    }

    /// Reads the two parts of a position as they stand in a query.
    ///
    /// - Throws: ``RealtimeError`` if one is not exactly as this type writes it.
    public init(parsingEpoch epoch: some StringProtocol, offset: some StringProtocol) throws(RealtimeError) {
        self.init(epoch: try Epoch(parsing: epoch), offset: try Position.offset(parsing: offset))
    }

    /// Reads the text form: `EPOCH:OFFSET`, the offset in decimal without a sign or leading zeros.
    ///
    /// - Throws: ``RealtimeError`` for anything else, also for an offset that is too large.
    public init(parsing text: some StringProtocol) throws(RealtimeError) {
        guard text.utf8.count <= Position.maxLength, let colon = text.firstIndex(of: ":") else {
            throw RealtimeError(.malformed(.position))
        }
        try self.init(parsingEpoch: text[..<colon], offset: text[text.index(after: colon)...])
    }

    /// `EPOCH:OFFSET`.
    public var text: String { "\(self.epoch.text):\(self.offset)" }

    /// `EPOCH:OFFSET`, as ``text``.
    public var description: String { self.text }

    /// Whether this place is before the other one; nil if they are of different epochs, where there is no answer.
    public func isBefore(_ other: Position) -> Bool? {
        self.epoch == other.epoch ? self.offset < other.offset : nil
    }

    private static func offset(parsing text: some StringProtocol) throws(RealtimeError) -> UInt64 {
        let digits = text.utf8
        guard (1...20).contains(digits.count), digits.first != UInt8(ascii: "0") || digits.count == 1 else {
            throw RealtimeError(.malformed(.offset))
        }
        var offset: UInt64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                throw RealtimeError(.malformed(.offset))
            }
            let (product, isTooLarge) = offset.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !isTooLarge, !isStillTooLarge else { throw RealtimeError(.malformed(.offset)) }
            offset = sum
        }
        return offset
    }
}
