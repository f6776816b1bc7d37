/// A stretch of a room's history: what came between ``start`` and ``position``.
public struct Reading<Body: Sendable>: Sendable {
    /// The messages, in the order of their offsets. Unless some were ``skipped``, they are all there are between ``start``
    /// and ``position``.
    public let messages: [RoomMessage<Body>]
    /// The place behind which the messages begin. That is the position that was asked for if ``recovered``; otherwise it is
    /// from where it continues, which is before the oldest message that is kept.
    public let start: Position
    /// The place that has been reached, and behind which to read on.
    public let position: Position
    /// The end of the history at the time of reading.
    public let latest: Position
    /// Whether nothing is missing behind the position that was asked for. False when history no longer reaches back so far,
    /// when it is of another epoch, and when it claims to be later than all that has been stored. True where no position was
    /// asked for.
    public let recovered: Bool
    /// How many messages ``latestPerKey()`` has left out.
    public let skipped: Int

    /// Whether there is more behind ``position``.
    public var hasMore: Bool { self.position != self.latest }

    /// Makes a reading; for a history that is kept elsewhere.
    ///
    /// - Parameters:
    ///   - messages: The messages, in the order of their offsets.
    ///   - start: The place behind which they begin.
    ///   - position: The place that has been reached: that of the last message, or ``start`` if there is none.
    ///   - latest: The end of the history.
    ///   - recovered: Whether nothing is missing behind the position that was asked for.
    ///   - skipped: How many messages have been left out between ``start`` and ``position``.
    public init(
        messages: [RoomMessage<Body>], start: Position, position: Position, latest: Position, recovered: Bool,
        skipped: Int = 0
    ) {
        self.messages = messages
        self.start = start
        self.position = position
        self.latest = latest
        self.recovered = recovered
        self.skipped = skipped
    }
}

extension Reading: Equatable where Body: Equatable {}
