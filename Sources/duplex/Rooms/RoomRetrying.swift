import WebSocketClient

/// Tries again what fails for reasons that pass: after delays that grow, and no sooner than the server wants.
struct RoomRetrying {
    private var backoff = Backoff(ReconnectPolicy())
    private var random = SystemRandomNumberGenerator()

    /// What was tried has worked for so long.
    mutating func worked(for duration: Duration) { self.backoff.ended(after: duration) }

    /// How long to wait for the next attempt.
    mutating func delay(after failure: RoomFailure) -> Duration {
        self.backoff.next(least: failure.retryAfter, using: &self.random) ?? .zero
    }

    /// Waits until the next attempt, and says so.
    static func wait(_ delay: Duration, after failure: RoomFailure) async throws {
        let (seconds, attoseconds) = delay.components
        let tenths = Int((Double(seconds) * 10 + Double(attoseconds) / 1e17).rounded())
        StandardStreams.err("\(failure); next attempt in \(tenths / 10).\(tenths % 10) s")
        try await Task.sleep(for: delay)
    }
}
