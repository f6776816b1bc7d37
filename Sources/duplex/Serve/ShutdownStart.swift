import ServiceLifecycle

/// Begins a shutdown. The last of its group, so that it is the first to be shut down, and all others go on for
/// `delay`: until then `/readyz` says 503, and load balancers send nobody any more.
struct ShutdownStart: Service {
    /// How long the others go on.
    let delay: Duration
    /// Called once, when the shutdown begins.
    let onBegin: @Sendable () -> Void
    /// Waits. Cancellable.
    var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    func run() async throws {
        try await gracefulShutdown()
        self.onBegin()
        if self.delay > .zero { try await self.sleep(self.delay) }
    }
}
