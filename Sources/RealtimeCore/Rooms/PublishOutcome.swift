/// What became of a message that was to be published.
public enum PublishOutcome: Sendable, Hashable {
    /// It has been stored there, and is to be delivered.
    case stored(Position)
    /// It was stored there before. The publisher gets the first answer again; there is nothing to deliver.
    case repeated(Position)
    /// It is not stored. The same id can be tried again.
    case refused(RealtimeError)
}
