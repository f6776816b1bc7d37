/// How much of a room's history is kept. The oldest messages go first, as soon as one of the limits is passed.
public struct LogLimits: Sendable, Hashable {
    /// The default of ``maxCount``: 1,000 messages, more than anybody who comes back reads.
    public static let defaultMaxCount = 1000
    /// The default of ``maxBytes``: 1 MiB, so that a thousand busy rooms take a gigabyte at most.
    public static let defaultMaxBytes = 1 << 20
    /// The default of ``maxAge``: an hour. A laptop that was closed for a while finds everything, and a room that is silent
    /// gives its memory back.
    public static let defaultMaxAge = Duration.seconds(3600)
    /// The default of ``maxMessageSize``: 64 KiB, so that at least 15 messages are kept.
    public static let defaultMaxMessageSize = 64 << 10
    /// What a message counts for beside its size and its key: 64 bytes, about what its place in the log takes. Empty messages
    /// must count, too.
    public static let overhead = 64

    /// The most messages that are kept, at least 1. Default ``defaultMaxCount``. It bounds the work of reading all of them.
    public var maxCount: Int
    /// The most bytes that are kept, with the key and ``overhead`` for each message. Default ``defaultMaxBytes``. It bounds the memory
    /// that a room can take.
    public var maxBytes: Int
    /// How long a message is kept. Default ``defaultMaxAge``. It is looked at when a message comes, and by
    /// ``RoomLog/trim(now:)``; until then older ones can still be read.
    public var maxAge: Duration
    /// The largest message in bytes. Default ``defaultMaxMessageSize``. One that ``maxBytes`` has no room for is refused as
    /// well: not kept, it could never be read by those who poll.
    public var maxMessageSize: Int

    /// Makes a set of limits.
    ///
    /// - Parameters:
    ///   - maxCount: The most messages that are kept; less than 1 counts as 1.
    ///   - maxBytes: The most bytes that are kept.
    ///   - maxAge: How long a message is kept.
    ///   - maxMessageSize: The largest message in bytes.
    public init(
        maxCount: Int = LogLimits.defaultMaxCount,
        maxBytes: Int = LogLimits.defaultMaxBytes,
        maxAge: Duration = LogLimits.defaultMaxAge,
        maxMessageSize: Int = LogLimits.defaultMaxMessageSize
    ) {
        self.maxCount = maxCount
        self.maxBytes = maxBytes
        self.maxAge = maxAge
        self.maxMessageSize = maxMessageSize
    }

    /// What a message counts for beside its size.
    static func overhead(of key: MessageKey?) -> Int {
        LogLimits.overhead + (key?.text.utf8.count ?? 0)
    }

    /// The largest message with such a key that is taken; negative if none is.
    func largestMessage(with key: MessageKey?) -> Int {
        min(self.maxMessageSize, max(0, self.maxBytes) - LogLimits.overhead(of: key))
    }
}
