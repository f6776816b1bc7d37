/// What has changed in who is in a room. All others are to be told.
public enum PresenceChange<Info: Sendable & Equatable>: Sendable, Equatable {
    /// A member has come: with its first connection.
    case joined(Member<Info>)
    /// A member that was there has another info.
    case updated(Member<Info>)
    /// A member has gone: its last connection long enough ago. The info is the last one.
    case left(Member<Info>)
}
