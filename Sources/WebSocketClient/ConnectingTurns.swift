import Synchronization

/// Lets one client at a time do its opening handshake with a host (RFC 6455, section 4.1): a page that opens many connections
/// at once is no attack then.
final class ConnectingTurns: Sendable {
    static let shared = ConnectingTurns()

    /// It is somebody's turn until this is told to end.
    struct Turn: Sendable {
        let turns: ConnectingTurns
        let host: String

        func end() { self.turns.end(self.host) }
    }

    private struct Waiter {
        var id: UInt64
        var continuation: UnsafeContinuation<Bool, Never>
    }

    private struct State: ~Copyable {
        /// Those who wait behind the one whose turn it is.
        var waiters: [String: [Waiter]] = [:]
        var lastID: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Waits for a turn, which has to be ended.
    ///
    /// - Throws: `CancellationError` when the task is cancelled meanwhile.
    func wait(for host: String) async throws -> Turn {
        let id = self.state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let isMine = await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
                let answer: Bool? = self.state.withLock { state in
                    if Task.isCancelled { return false }
                    if state.waiters[host] == nil {
                        state.waiters[host] = []
                        return true
                    }
                    state.waiters[host]?.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = self.state.withLock { state in
                state.waiters[host]?.firstIndex { $0.id == id }.map { state.waiters[host]!.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: false)
        }
        guard isMine else { throw CancellationError() }
        return Turn(turns: self, host: host)
    }

    private func end(_ host: String) {
        let next = self.state.withLock { state -> Waiter? in
            guard var waiters = state.waiters[host], !waiters.isEmpty else {
                state.waiters[host] = nil
                return nil
            }
            let first = waiters.removeFirst()
            state.waiters[host] = waiters
            return first
        }
        next?.continuation.resume(returning: true)
    }
}
