import NIOCore
import Synchronization

/// Counts the WebSockets of a server that have no task of their own, and lets one task stay as long as there are some: a
/// Hummingbird server is done when its listener and its tasks are, and must not be before its connections have closed.
final class OpenConnections: Sendable {
    private struct State: ~Copyable {
        var count = 0
        var isKept = false
        var keeper: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Whether a task stays.
    var hasKeeper: Bool { self.state.withLock { $0.isKept } }

    /// Counts a connection until its channel is closed, and keeps this task for all of them if no other is kept.
    func keep(_ channel: any Channel) async {
        let isKeeper = self.state.withLock { state in
            state.count += 1
            defer { state.isKept = true }
            return !state.isKept
        }
        channel.closeFuture.whenComplete { _ in self.remove() }
        guard isKeeper else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = self.state.withLock { state in
                    // A cancelled task is gone at once; the connections are then cut with the process.
                    if state.count == 0 || Task.isCancelled {
                        state.isKept = false
                        return true
                    }
                    state.keeper = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            self.release { _ in true }
        }
    }

    private func remove() {
        self.release { state in
            state.count -= 1
            return state.count == 0
        }
    }

    private func release(_ isOver: (inout State) -> Bool) {
        let keeper = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard isOver(&state), let keeper = state.keeper.take() else { return nil }
            state.isKept = false
            return keeper
        }
        keeper?.resume()
    }
}
