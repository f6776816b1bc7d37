/// From where a room's history is to be read.
public enum ReadingStart: Sendable, Hashable {
    /// Behind the last message that the reader knows.
    case after(Position)
    /// From the oldest message that is kept.
    case oldest
    /// The newest messages, so many at most; with 0 nothing but the current position.
    case latest(Int)
}
