/// How much all rooms of a process together may take. Rooms come into being when somebody names them, so clients decide how many there are.
public struct MemoryLimits: Sendable, Hashable {
    /// The default of ``maxRooms``: 100,000, as many as sessions. An empty one takes some 1.5 KB.
    public static let defaultMaxRooms = 100_000
    /// The default of ``maxBytes``: 256 MiB, what 256 rooms take that are full.
    public static let defaultMaxBytes = 256 << 20
    /// What a remembered message id counts for: 250 bytes, as ``RealtimeCore/IdempotencyLimits`` says.
    static let idCost = 250

    /// The most rooms. Default ``defaultMaxRooms``. Those go first that nobody is in, beginning with the one that was not used for longest,
    /// neither published to nor polled; where somebody is in all, a new one is refused with `too_many_rooms`.
    public var maxRooms: Int
    /// The most bytes of messages that are kept, as ``RealtimeCore/LogLimits`` counts them, and of ids. Default ``defaultMaxBytes``. The older halves
    /// of rooms go that take more than twice what falls to each, then rooms as with ``maxRooms``, then the older halves of all. Readers are told of
    /// what is missing; a message whose id is forgotten with it can be stored again.
    public var maxBytes: Int

    /// Makes a set of limits.
    ///
    /// - Parameters:
    ///   - maxRooms: The most rooms.
    ///   - maxBytes: The most bytes.
    public init(maxRooms: Int = MemoryLimits.defaultMaxRooms, maxBytes: Int = MemoryLimits.defaultMaxBytes) {
        self.maxRooms = maxRooms
        self.maxBytes = maxBytes
    }
}
