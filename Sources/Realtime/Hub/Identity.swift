public import RealtimeCore

/// Who somebody is, as far as the application knows.
public struct Identity: Sendable {
    /// The member that others see. For somebody unknown the application makes one up.
    public var member: MemberID
    /// What the application knows beside that; for its ``RealtimePermissions``.
    public var claims: (any Sendable)?
    /// With whom it shares message ids, and over HTTP the publish rate. Its own member by default; where a new member is made up for each
    /// request, one that is the same for all requests of a client, since a message that it publishes again would be stored twice.
    public var scope: MemberID

    /// Makes an identity.
    public init(member: MemberID, claims: (any Sendable)? = nil, scope: MemberID? = nil) {
        self.member = member
        self.claims = claims
        self.scope = scope ?? member
    }
}

/// What somebody wants to do in a room.
public enum RoomAction: String, Sendable, Hashable, CaseIterable {
    /// Read its messages, in whichever way.
    case join
    /// Publish a message.
    case publish
    /// See who is in it, and be seen.
    case presence
}

/// Whether somebody may do something.
public enum Permission: Sendable, Hashable {
    /// It is allowed.
    case allowed
    /// It is not, and this is why, in one line for people.
    case forbidden(String)
}

/// Who may do what in which room. Asked at each join, publish and look at the members; it must not block. What takes longer belongs where
/// the ``Identity`` is made, which takes it along as ``Identity/claims``.
public typealias RealtimePermissions = @Sendable (Identity, RoomAction, RoomName) -> Permission
