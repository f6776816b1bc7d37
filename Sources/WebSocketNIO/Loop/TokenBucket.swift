/// So many a second, and so many at once: a token bucket, without a clock.
///
/// It counts in time (the theoretical arrival time of the generic cell rate algorithm), so that it neither drifts nor has to be
/// filled.
package struct TokenBucket: Sendable, Hashable {
    /// How much time one costs, in nanoseconds.
    private let cost: Double
    /// How far ahead of the clock it may be, in nanoseconds.
    private let tolerance: Double
    /// When all that was taken is paid, in nanoseconds by the caller's clock.
    private var paid: Double = 0

    /// Makes a full one.
    ///
    /// - Parameters:
    ///   - rate: How many a second.
    ///   - burst: How many at once.
    package init(rate: Double, burst: Double) {
        precondition(rate > 0 && burst >= 1, "a bucket needs a rate, and must hold at least one")
        self.cost = 1e9 / rate
        self.tolerance = burst * self.cost
    }

    /// Takes so many, if there are as many.
    ///
    /// - Parameters:
    ///   - count: How many; more than the burst are never there.
    ///   - now: The time in nanoseconds.
    package mutating func take(_ count: Int = 1, now: UInt64) -> Bool {
        let next = Swift.max(self.paid, Double(now)) + Double(count) * self.cost
        guard next <= Double(now) + self.tolerance else { return false }
        self.paid = next
        return true
    }

    /// Takes so many, whether they are there or not: what has arrived already.
    ///
    /// - Returns: How long to wait, in nanoseconds, until there is something in it again; 0 if there is.
    package mutating func charge(_ count: Int = 1, now: UInt64) -> UInt64 {
        self.paid = Swift.max(self.paid, Double(now)) + Double(count) * self.cost
        return self.debt(now: now)
    }

    /// Whether all of it is there again.
    package func isFull(now: UInt64) -> Bool { self.paid <= Double(now) }

    /// How long to wait, in nanoseconds, until there is something in it; 0 if there is.
    package func debt(now: UInt64) -> UInt64 {
        let excess = self.paid - Double(now) - self.tolerance
        return excess <= 0 ? 0 : UInt64(Swift.min(excess.rounded(.up), 9e18))
    }
}
