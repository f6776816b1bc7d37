public import HTTPTypes

/// What the application says about who asks.
public enum IdentityDecision: Sendable {
    /// It is somebody.
    case known(Identity)
    /// It may not ask, with this status and a line for people.
    case refused(_ status: HTTPResponse.Status, _ message: String)
}
