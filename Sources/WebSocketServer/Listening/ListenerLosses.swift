import Synchronization

/// Knows how many listeners of a server are left that have not ended by themselves. Any thread.
final class ListenerLosses: Sendable {
    private let state: Mutex<(left: Int, first: ListenError?)>

    init(of count: Int) {
        self.state = Mutex((count, nil))
    }

    /// Counts one that has ended; whether it was the last.
    func isLast(_ error: ListenError) -> Bool {
        self.state.withLock { state in
            state.left -= 1
            if state.first == nil { state.first = error }
            return state.left == 0
        }
    }

    /// Why the server has ended, if that was because all of them had.
    var end: ListenError? {
        self.state.withLock { $0.left == 0 ? $0.first : nil }
    }
}

/// Why a listening channel has ended by itself; nil where it was told to. Any thread.
final class ListenerFailure: Sendable {
    private let state = Mutex<(any Error)?>(nil)

    var error: (any Error)? {
        get { self.state.withLock { $0 } }
        set { self.state.withLock { $0 = newValue } }
    }
}
