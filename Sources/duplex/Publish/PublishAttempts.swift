import RealtimeCore
import WebSocketClient

/// Publishes, and tries again what may pass, with the same id.
struct PublishAttempts {
    private var publishing: RoomPublishing
    private var retrying = PublishRetrying()

    init(_ publishing: RoomPublishing) {
        self.publishing = publishing
    }

    /// Publishes a message, and says where it is stored.
    ///
    /// - Throws: ``RoomFailure``; `CancellationError`.
    mutating func publish(_ draft: RoomDraft) async throws -> Position {
        let began = ContinuousClock.now
        while true {
            do {
                let position = try await self.publishing.publish(draft)
                self.retrying.worked()
                return position
            } catch {
                try Task.checkCancellation()
                let failure = RoomFailure(error)
                guard let delay = self.retrying.delay(after: error, elapsed: began.duration(to: .now)) else {
                    throw failure
                }
                try await RoomRetrying.wait(delay, after: failure)
            }
        }
    }

    func close() async { await self.publishing.close() }
}

/// Whether and when a message is published again. A value without a clock.
struct PublishRetrying {
    private var retrying = RoomRetrying()
    /// Whether the server has ever answered.
    private var hasAnswered = false

    /// A message was stored.
    mutating func worked() {
        self.hasAnswered = true
        self.retrying.worked(for: ReconnectPolicy.defaultStableAfter)
    }

    /// How long to wait for the next attempt; nil when there must be none.
    ///
    /// - Parameters:
    ///   - error: Why the last one failed.
    ///   - elapsed: How long ago the message's first one began.
    mutating func delay(after error: any Error, elapsed: Duration) -> Duration? {
        let failure = RoomFailure(error)
        guard failure.isPassing, self.hasAnswered || !PublishRetrying.isUnreached(error) else { return nil }
        let delay = self.retrying.delay(after: failure)
        // What counts is when the next attempt begins: the server may want to be left alone for longer than it knows the id.
        return elapsed + delay < Publish.maxRetrying ? delay : nil
    }

    /// Whether there was nobody to publish to. Where the answer only did not come, the message may be stored.
    private static func isUnreached(_ error: any Error) -> Bool {
        if let failure = error as? RoomFailure { return failure == RoomSocket.noWelcome }
        return switch (error as? DialError)?.code {
        case nil, .lost?, .answerLost?, .timedOut(.answer)?: false
        default: true
        }
    }
}
