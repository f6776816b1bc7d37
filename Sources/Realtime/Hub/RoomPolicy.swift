public import RealtimeCore

/// What becomes of a reader that is too slow for a room, when its connection takes no more. Nothing waits for it in memory: it goes on
/// from the room's log when there is room again.
public enum SlowReaderPolicy: Sendable, Hashable {
    /// It reads on from where it is. It gets everything, unless history has become too old meanwhile: then it is told of the gap.
    case catchUp
    /// Of what it has missed it gets only the newest message of each key, and all that have no key.
    case latestPerKey
    /// What it has missed is left out, and it is told of the gap.
    case skip
    /// It is closed with 1013, and comes back where it was.
    case disconnect
}

extension SlowReaderPolicy {
    /// How much of a log is read at once: all of it where most is left out.
    var batch: (limit: Int, maxBytes: Int) {
        self == .latestPerKey ? (.max, .max) : (Shard.readLimit, Shard.readBytes)
    }

    /// What a reader gets of what was read for it.
    func rest(of reading: Reading<Publication>) -> Reading<Publication> {
        self == .latestPerKey ? reading.latestPerKey() : reading
    }
}

/// How a room is treated.
public struct RoomPolicy: Sendable, Hashable {
    /// What is kept of it.
    public var settings: RoomSettings
    /// What becomes of readers that are too slow.
    public var slowReaders: SlowReaderPolicy
    /// How many messages may be published in a second, by all together; nil for any number.
    public var publishRate: Double?
    /// How many of these at once.
    public var publishBurst: Double

    /// The default of ``publishRate``: 1,000. A room in which more is said cannot be read by people, and each message goes to all.
    public static let defaultPublishRate = 1000.0

    /// Makes a policy.
    public init(
        settings: RoomSettings = RoomSettings(), slowReaders: SlowReaderPolicy = .catchUp,
        publishRate: Double? = RoomPolicy.defaultPublishRate, publishBurst: Double? = nil
    ) {
        self.settings = settings
        self.slowReaders = slowReaders
        self.publishRate = publishRate
        self.publishBurst = publishBurst ?? max(publishRate ?? 1, 1)
    }
}
