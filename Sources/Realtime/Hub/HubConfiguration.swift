public import RealtimeCore

/// How a hub behaves.
public struct HubConfiguration: Sendable {
    /// How each room is treated; asked when it comes into being.
    public var policy: @Sendable (RoomName) -> RoomPolicy
    /// Who may do what.
    public var permissions: RealtimePermissions
    /// How many sessions there may be, and how long they wait for their client.
    public var sessions: SessionLimits
    /// How much all rooms together may take, where they are in memory; a broker that is given to the hub has limits of its own.
    public var memory: MemoryLimits
    /// How many messages one connection may publish in a second; nil for any number.
    public var publishRate: Double?
    /// How many of these at once.
    public var publishBurst: Double

    /// How often one connection may come into rooms and change what the others see of it, in a second; nil for any number. Each goes to all
    /// members.
    public var presenceRate: Double?
    /// How many of these at once.
    public var presenceBurst: Double

    /// The default of ``presenceRate``: 10, more than a page tells that somebody is typing.
    public static let defaultPresenceRate = 10.0
    /// The default of ``presenceBurst``: 300, more than the ``HubClient/maxRooms`` that a connection comes back to at once.
    public static let defaultPresenceBurst = 300.0
    /// The default of ``publishRate``: 100, more than somebody's mouse moves.
    public static let defaultPublishRate = 100.0

    /// Makes a configuration. By default everybody may do everything.
    public init(
        policy: @escaping @Sendable (RoomName) -> RoomPolicy = { _ in RoomPolicy() },
        permissions: @escaping RealtimePermissions = { _, _, _ in .allowed }, sessions: SessionLimits = SessionLimits(),
        memory: MemoryLimits = MemoryLimits(),
        publishRate: Double? = HubConfiguration.defaultPublishRate, publishBurst: Double? = nil,
        presenceRate: Double? = HubConfiguration.defaultPresenceRate,
        presenceBurst: Double = HubConfiguration.defaultPresenceBurst
    ) {
        self.policy = policy
        self.permissions = permissions
        self.sessions = sessions
        self.memory = memory
        self.publishRate = publishRate
        self.publishBurst = publishBurst ?? max(2 * (publishRate ?? 1), 1)
        self.presenceRate = presenceRate
        self.presenceBurst = max(presenceBurst, 1)
    }
}
