import UnixSignals

/// Does something until it is done, or SIGINT or SIGTERM comes, which cancels it.
///
/// - Throws: What `body` throws, but no `CancellationError` behind a signal.
func untilSignal(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let work = Task { try await body() }
    let signals = Task {
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
            work.cancel()
        }
    }
    defer { signals.cancel() }
    do {
        try await work.value
    } catch is CancellationError {
        // As it was wanted.
    }
}
