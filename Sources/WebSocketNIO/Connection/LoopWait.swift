import Synchronization

/// Names one wait of a task for something that happens on the event loop, and knows whether the task was cancelled: the
/// cancellation may reach the loop before the wait does.
final class LoopWait: Sendable {
    private let cancelled = Atomic<Bool>(false)

    /// Whether the task was cancelled.
    var isCancelled: Bool { self.cancelled.load(ordering: .acquiring) }

    func cancel() { self.cancelled.store(true, ordering: .releasing) }
}

extension WebSocketConnection {
    /// Waits for something on the event loop. A cancelled task stops waiting.
    ///
    /// - Parameter begin: Called on the loop, with how to end the wait, exactly once. ``WebSocketChannelHandler/giveUp(_:)``
    ///   ends it when the task is cancelled.
    func wait<Value: Sendable>(
        _ begin:
            @escaping @Sendable (
                WebSocketChannelHandler, LoopWait, @escaping (Result<Value, any Error>) -> Void
            ) -> Void
    ) async throws -> Value {
        let wait = LoopWait()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
                self.onLoop { handler in
                    if wait.isCancelled { return continuation.resume(throwing: CancellationError()) }
                    begin(handler, wait) { continuation.resume(with: $0) }
                }
            }
        } onCancel: {
            wait.cancel()
            self.onLoop { $0.giveUp(wait) }
        }
    }
}
