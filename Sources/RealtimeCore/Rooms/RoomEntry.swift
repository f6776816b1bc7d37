/// What somebody who enters a room is answered.
public struct RoomEntry<Body: Sendable, Info: Sendable & Equatable>: Sendable {
    /// What the others are to be told.
    public let change: PresenceChange<Info>?
    /// The history that was asked for. What is published from now on comes behind ``Reading/latest``; as long as
    /// ``Reading/hasMore``, read on first.
    public let reading: Reading<Body>

    /// Makes an entry.
    public init(change: PresenceChange<Info>?, reading: Reading<Body>) {
        self.change = change
        self.reading = reading
    }
}
