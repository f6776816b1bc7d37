import Synchronization
import WebSocketNIO

/// How fast is published, by whatever it is counted by: a room, or a member over HTTP, where there is no connection. Any thread.
final class PublishRates<Key: Hashable & Sendable>: Sendable {
    private struct State: ~Copyable {
        var buckets: [Key: TokenBucket] = [:]
        var lookedThrough: UInt64?
    }

    private let most: Int
    private let state = Mutex(State())

    /// - Parameter most: How many are remembered. While more have published just now, the others are not counted.
    init(most: Int) {
        self.most = most
    }

    /// How many are remembered.
    var count: Int { self.state.withLock { $0.buckets.count } }

    /// Whether may be published now.
    ///
    /// - Parameters:
    ///   - key: By what it is counted.
    ///   - full: A full bucket, if there is none yet.
    ///   - now: The time in nanoseconds.
    func take(_ key: Key, full: TokenBucket, now: UInt64) -> Bool {
        self.state.withLock { state in
            if state.buckets[key] == nil, state.buckets.count >= self.most {
                PublishRates.forget(&state, now: now)
                if state.buckets.count >= self.most { return true }
            }
            return state.buckets[key, default: full].take(now: now)
        }
    }

    /// What is full again is as good as new. All are looked through at most once a second.
    private static func forget(_ state: inout State, now: UInt64) {
        if let last = state.lookedThrough, now < last + 1_000_000_000 { return }
        state.lookedThrough = now
        state.buckets = state.buckets.filter { !$0.value.isFull(now: now) }
    }
}
