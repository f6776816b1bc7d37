/// A message in a room's history.
public struct RoomMessage<Body: Sendable>: Sendable {
    /// Its place in the epoch: 1 for the first one.
    public let offset: UInt64
    /// When it was stored.
    public let time: Instant
    /// What it is about, where a newer one about the same replaces it for slow readers.
    public let key: MessageKey?
    /// Its size in bytes, as the publisher's side has counted it.
    public let size: Int
    /// What it says. It is copied about, so it should be something that shares its storage.
    public let body: Body

    /// Makes a message.
    public init(offset: UInt64, time: Instant, key: MessageKey? = nil, size: Int, body: Body) {
        self.offset = offset
        self.time = time
        self.key = key
        self.size = size
        self.body = body
    }

    /// What it counts for in ``LogLimits/maxBytes``.
    var cost: Int { self.size + LogLimits.overhead(of: self.key) }
}

extension RoomMessage: Equatable where Body: Equatable {}
extension RoomMessage: Hashable where Body: Hashable {}
