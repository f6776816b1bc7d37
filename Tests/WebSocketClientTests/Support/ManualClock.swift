import Synchronization
import TestSupport

/// A clock that stands still until a test says so.
final class ManualClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration = .zero

        func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - self.offset }
        static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.offset < rhs.offset }
    }

    private struct State {
        var now = Instant()
        var sleepers: [UInt64: (deadline: Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var last: UInt64 = 0
    }

    private let state = Mutex(State())
    private let sleeps = Mailbox<Duration>()

    let minimumResolution = Duration.zero
    var now: Instant { self.state.withLock { $0.now } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
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
    func slept() async -> Duration? { await self.sleeps.next() }

    /// Lets time pass, and wakes whose time has come.
    func advance(by duration: Duration) {
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
    func passSleep() async -> Duration? {
        guard let duration = await self.slept() else { return nil }
        self.advance(by: duration)
        return duration
    }
}
