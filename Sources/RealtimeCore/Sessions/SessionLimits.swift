/// How many sessions there may be, what each may hold, and how long one waits for its client to come back.
public struct SessionLimits: Sendable, Hashable {
    /// The default of ``maxSessions``: 100,000, more than a process usually has connections.
    public static let defaultMaxSessions = 100_000
    /// The default of ``maxPerIdentity``: 64, more windows than a person has open.
    public static let defaultMaxPerIdentity = 64
    /// The default of ``maxRooms``: 256, more than a page shows.
    public static let defaultMaxRooms = 256
    /// The default of ``expiry``: 2 minutes, a tunnel or a lift.
    public static let defaultExpiry = Duration.seconds(120)

    /// The most sessions in all, those included that wait. Default ``defaultMaxSessions``. Each takes some 400 bytes, and
    /// its rooms.
    public var maxSessions: Int
    /// The most sessions of one identity. Default ``defaultMaxPerIdentity``. It keeps one from taking all.
    public var maxPerIdentity: Int
    /// The most rooms that a session is in. Default ``defaultMaxRooms``. Each takes some 60 bytes, and its name at most 128.
    public var maxRooms: Int
    /// How long a session without a transport waits. Default ``defaultExpiry``. A longer one costs the memory of those that
    /// never come back.
    public var expiry: Duration

    /// Makes a set of limits.
    ///
    /// - Parameters:
    ///   - maxSessions: The most sessions in all.
    ///   - maxPerIdentity: The most sessions of one identity.
    ///   - maxRooms: The most rooms that a session is in.
    ///   - expiry: How long a session without a transport waits.
    public init(
        maxSessions: Int = SessionLimits.defaultMaxSessions,
        maxPerIdentity: Int = SessionLimits.defaultMaxPerIdentity,
        maxRooms: Int = SessionLimits.defaultMaxRooms,
        expiry: Duration = SessionLimits.defaultExpiry
    ) {
        self.maxSessions = maxSessions
        self.maxPerIdentity = maxPerIdentity
        self.maxRooms = maxRooms
        self.expiry = expiry
    }
}
