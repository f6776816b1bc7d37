/// How the ways over HTTP behave. The defaults are ``RoomsHTTPLimits``'; tests have others.
struct RoomsHTTPSettings: Sendable {
    /// How long a stream is silent.
    var heartbeat = RoomsHTTPLimits.heartbeat
    /// How many answers may be held at once, and how many by one member.
    var maxHeld = RoomsHTTPLimits.maxHeld
    var maxHeldPerMember = RoomsHTTPLimits.maxHeldPerMember
    /// Waits, until the time is over or the task is cancelled.
    var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
}
