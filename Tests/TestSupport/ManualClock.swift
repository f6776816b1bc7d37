import Synchronization

/// A clock that stands still until a test says so.
package final class ManualClock: Clock, Sendable {
    package struct Instant: InstantProtocol {
        package var offset: Duration = .zero

        package func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        package func duration(to other: Instant) -> Duration { other.offset - self.offset }
        package static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.offset < rhs.offset }
    }

    private struct State {
        var now = Instant()
        var sleepers: [UInt64: (deadline: Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var last: UInt64 = 0
    }

    private let state = Mutex(State())
    private let sleeps = Mailbox<Duration>()

    package init() {}

    package let minimumResolution = Duration.zero
    package var now: Instant { self.state.withLock { $0.now } }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = self.state.withLock { state in
            state.last += 1
            return state.last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (left, isCancelled) = self.state.withLock { state in
                    let isCancelled = Task.isCancelled
                    if !isCancelled { state.sleepers[id] = (deadline, continuation) }
                    return (state.now.duration(to: deadline), isCancelled)
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
                self.sleeps.post(left)
            }
        } onCancel: {
            let sleeper = self.state.withLock { $0.sleepers.removeValue(forKey: id) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Waits until somebody sleeps.
    ///
    /// - Returns: For how long; nil when the task is cancelled.
    package func slept() async -> Duration? { await self.sleeps.next() }

    /// Lets time pass, and wakes whose time has come.
    package func advance(by duration: Duration) {
        let due = self.state.withLock { state in
            let now = state.now.advanced(by: duration)
            state.now = now
            let due = state.sleepers.filter { $0.value.deadline <= now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Waits until somebody sleeps, and lets all of that time pass.
    @discardableResult
    package func passSleep() async -> Duration? {
        guard let duration = await self.slept() else { return nil }
        self.advance(by: duration)
        return duration
    }
}
