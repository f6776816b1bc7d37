/// How long a room remembers the ids of messages.
public struct IdempotencyLimits: Sendable, Hashable {
    /// The default of ``maxCount``: 1,000 ids, as many as ``LogLimits/defaultMaxCount`` messages.
    public static let defaultMaxCount = 1000
    /// The default of ``maxAge``: 5 minutes, longer than a publisher should try again.
    public static let defaultMaxAge = Duration.seconds(300)

    /// The most ids that are remembered; the oldest goes first. Default ``defaultMaxCount``. Each takes some 250 bytes, and
    /// 500 at most with long texts. With 0 none is, and a repeated message is stored again.
    public var maxCount: Int
    /// How long an id is remembered, from the first time on. Default ``defaultMaxAge``.
    public var maxAge: Duration

    /// Makes a set of limits.
    ///
    /// - Parameters:
    ///   - maxCount: The most ids that are remembered.
    ///   - maxAge: How long an id is remembered.
    public init(
        maxCount: Int = IdempotencyLimits.defaultMaxCount, maxAge: Duration = IdempotencyLimits.defaultMaxAge
    ) {
        self.maxCount = maxCount
        self.maxAge = maxAge
    }
}
