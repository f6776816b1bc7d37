import RealtimeCore
import Synchronization
import WebSocketNIO

/// How fast each member publishes over HTTP, where there is no connection to count by. Any thread.
final class PublishRates: Sendable {
    private struct State: ~Copyable {
        var buckets: [MemberID: TokenBucket] = [:]
        var lookedThrough: UInt64?
    }

    /// How often all of them are looked through at most: once a second, in nanoseconds.
    private static let lookInterval: UInt64 = 1_000_000_000

    private let rate: Double
    private let burst: Double
    private let most: Int
    private let state = Mutex(State())

    init(rate: Double, burst: Double, most: Int = RoomsHTTPLimits.maxPublishers) {
        self.rate = rate
        self.burst = burst
        self.most = most
    }

    /// How many are remembered.
    var count: Int { self.state.withLock { $0.buckets.count } }

    /// Whether the member may publish now.
    ///
    /// - Parameter now: The time in nanoseconds.
    func take(_ member: MemberID, now: UInt64) -> Bool {
        self.state.withLock { state in
            let full = TokenBucket(rate: self.rate, burst: self.burst)
            if state.buckets[member] == nil, state.buckets.count >= self.most {
                self.forget(&state, now: now)
                // All that are left have published just now. Who is one more is not counted, and those are.
                if state.buckets.count >= self.most { return true }
            }
            return state.buckets[member, default: full].take(now: now)
        }
    }

    /// Whoever has not published for a while is as good as new.
    private func forget(_ state: inout State, now: UInt64) {
        if let last = state.lookedThrough, now < last + PublishRates.lookInterval { return }
        state.lookedThrough = now
        let whole = Int(self.burst)
        state.buckets = state.buckets.filter { _, bucket in
            var bucket = bucket
            return !bucket.take(whole, now: now)
        }
    }
}
