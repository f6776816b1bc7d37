/// The limits of the ways over HTTP. What a query may ask for is in ``ReadingQuery``.
public enum RoomsHTTPLimits {
    /// The most bytes of messages in an answer to polling: 1 MiB, a room's whole history by default. It is collected in memory, and
    /// compressed in one go.
    public static let maxAnswerBytes = 1 << 20
    /// From how many bytes on an answer is compressed: 1 KiB, which one packet takes anyway.
    public static let minCompressedBytes = 1024
    /// What a body may have beside the message's data: 2 KiB, a key with all its characters escaped, and space.
    public static let bodyOverhead = 2048
    /// How long a stream is silent: 15 seconds. Many proxies give up after 30, or after a minute.
    public static let heartbeat = Duration.seconds(15)
    /// How many heartbeats long one piece of a stream may take to be written: 4, a minute. A client that takes nothing for so long holds
    /// the stream for nothing, and can come back to where it was.
    public static let maxStalledHeartbeats = 4
    /// How many answers may be held at once, streams and long polls together: 10,000. Each takes a few tasks and the connection's
    /// buffers, some 20 KiB.
    public static let maxHeld = 10_000
    /// How many of them one member may have: 64. A browser has six of one page's.
    public static let maxHeldPerMember = 64
    /// How many members' rates of publishing are remembered: 10,000, of 100 bytes each. More than that publish at once only where
    /// each may say who it is.
    public static let maxPublishers = 10_000
    /// For how many seconds a preflight's answer holds: ten minutes.
    public static let preflightAge = 600
    /// How many seconds a client should wait that asks too often: 1, in which it may ask as often as at once.
    public static let retryAfterRate = 1
    /// How many seconds a client should wait when the server cannot: 5.
    public static let retryAfterFailure = 5
}
