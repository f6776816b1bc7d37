import UnixSignals

/// Does something until it is done, or SIGINT or SIGTERM comes, which cancels it.
///
/// - Throws: What `body` throws, but no `CancellationError` behind a signal.
func untilSignal(_ body: @escaping @Sendable () async throws -> Void) async throws {
    // Before anything is told: whoever reads that may send one at once.
    let trapped = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    let work = Task { try await body() }
    let signals = Task {
        for await _ in trapped { work.cancel() }
    }
    defer { signals.cancel() }
    do {
        try await work.value
    } catch is CancellationError {
        // As it was wanted.
    }
}
