public import RealtimeCore
import Synchronization

/// Whether somebody reads a room, in whichever way: for what publishes only where there is somebody to read it.
///
/// Readers are there from joining until they leave, those who wait for the next message (streams, long polls) while they wait, and whoever
/// polls in the moment of asking; hence the ``isThere(within:)``. All loops' readers count together. Readers of other processes that share a broker are not
/// known. Anything may be called from any thread or task.
public final class RoomAudience: Sendable {
    private struct State: ~Copyable {
        /// Whether the room is in use; see ``RealtimeHub/acquire(_:)``.
        var isReading: Bool
        /// When it was last read by somebody who has gone.
        var lastRead: Instant?
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter: UInt64 = 0
    }

    /// Of which room.
    public let room: RoomName
    private let state: Mutex<State>
    private let clock: @Sendable () -> Instant

    init(of room: RoomName, isReading: Bool, clock: @escaping @Sendable () -> Instant) {
        self.room = room
        self.state = Mutex(State(isReading: isReading))
        self.clock = clock
    }

    /// Whether somebody reads, or has read so short a time ago that it may come back: a poll, a connection that was lost.
    ///
    /// - Parameter duration: How long somebody counts who has gone.
    public func isThere(within duration: Duration = .zero) -> Bool {
        let now = self.clock()
        return self.state.withLock { state in
            state.isReading || state.lastRead.map { $0.duration(to: now) <= duration } ?? false
        }
    }

    /// Waits until somebody reads; not at all if somebody does. Who polls ends only the waiting that has begun before.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    public func arrival() async throws {
        let number = self.state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = self.state.withLock { state in
                    // Looked at under the lock: who cancels after this finds the continuation.
                    if state.isReading || Task.isCancelled { return true }
                    state.waiting[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
        try Task.checkCancellation()
    }

    /// How many wait for somebody.
    var waiting: Int { self.state.withLock { $0.waiting.count } }

    // MARK: What the hub tells

    /// Somebody reads from now on, where nobody did.
    func began() {
        self.wake { $0.isReading = true }
    }

    /// The last one has gone.
    func ended() {
        let now = self.clock()
        self.state.withLock { state in
            state.isReading = false
            state.lastRead = now
        }
    }

    /// Somebody has read, and is gone again.
    func polled() {
        let now = self.clock()
        self.wake { $0.lastRead = now }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiting = self.state.withLock { state in
            change(&state)
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }
}
