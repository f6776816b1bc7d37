/// The limits of a room.
public struct RoomSettings: Sendable, Hashable {
    /// How much history is kept.
    public var log: LogLimits
    /// How many members there may be, and how long one may be away.
    public var presence: PresenceLimits
    /// How long ids of messages are remembered.
    public var idempotency: IdempotencyLimits

    /// Makes settings; by default each has its own defaults.
    public init(
        log: LogLimits = LogLimits(), presence: PresenceLimits = PresenceLimits(),
        idempotency: IdempotencyLimits = IdempotencyLimits()
    ) {
        self.log = log
        self.presence = presence
        self.idempotency = idempotency
    }
}
