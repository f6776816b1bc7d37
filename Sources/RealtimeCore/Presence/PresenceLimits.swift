/// How many members a room lists, and how long one may be away.
public struct PresenceLimits: Sendable, Hashable {
    /// The default of ``maxMembers``: 10,000. Nobody reads a longer list, and each who comes or goes is told to all.
    public static let defaultMaxMembers = 10_000
    /// The default of ``grace``: 10 s, in which a page is loaded again, or a phone changes its network.
    public static let defaultGrace = Duration.seconds(10)

    /// The most members, those included that are away within ``grace``. Default ``defaultMaxMembers``. It bounds the memory
    /// of a room: some 250 bytes for each, and the info.
    public var maxMembers: Int
    /// How long a member without a connection is still there. Default ``defaultGrace``. With zero one leaves at once.
    public var grace: Duration

    /// Makes a set of limits.
    ///
    /// - Parameters:
    ///   - maxMembers: The most members.
    ///   - grace: How long a member without a connection is still there.
    public init(
        maxMembers: Int = PresenceLimits.defaultMaxMembers, grace: Duration = PresenceLimits.defaultGrace
    ) {
        self.maxMembers = maxMembers
        self.grace = grace
    }
}
