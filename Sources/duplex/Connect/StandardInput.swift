import Foundation
import Synchronization

/// The lines of standard input. A thread reads one line when one is asked for, so that input is not taken faster than it
/// is sent, and a pipe of any length needs no memory.
final class StandardInput: Sendable {
    private struct State: ~Copyable {
        var isStarted = false
        var isStopped = false
        var waiter: CheckedContinuation<String?, Never>?
    }

    private let state = Mutex(State())
    private let wanted = DispatchSemaphore(value: 0)

    /// The next line without its end; nil at the end of input, or after ``stop()``. For one task.
    func next() async -> String? {
        await withCheckedContinuation { continuation in
            let (isStopped, mustStart) = self.state.withLock { state in
                if state.isStopped { return (true, false) }
                state.waiter = continuation
                defer { state.isStarted = true }
                return (false, !state.isStarted)
            }
            if isStopped { return continuation.resume(returning: nil) }
            if mustStart { Thread.detachNewThread { self.read() } }
            self.wanted.signal()
        }
    }

    /// Ends the wait for a line, and all further ones.
    func stop() {
        self.answer(nil, isLast: true)
    }

    private func read() {
        while true {
            self.wanted.wait()
            guard let line = readLine(strippingNewline: true) else { return self.answer(nil, isLast: true) }
            self.answer(line, isLast: false)
        }
    }

    private func answer(_ line: String?, isLast: Bool) {
        let waiter = self.state.withLock { state in
            if isLast { state.isStopped = true }
            return state.waiter.take()
        }
        waiter?.resume(returning: line)
    }
}
