import TestSupport
import Testing

@testable import WebSocketClient

struct BackoffTests {
    /// The largest number each time: delays are as long as their bound.
    private struct Largest: RandomNumberGenerator {
        mutating func next() -> UInt64 { .max }
    }

    private var random = Largest()

    private static func policy(maxAttempts: Int? = nil) -> ReconnectPolicy {
        ReconnectPolicy(
            minDelay: .seconds(1), maxDelay: .seconds(10), stableAfter: .seconds(5), maxAttempts: maxAttempts)
    }

    // MARK: Bounds

    @Test mutating func doublesUpToTheCap() {
        var backoff = Backoff(BackoffTests.policy())
        let delays = (0..<6).map { _ in backoff.next(least: nil, using: &self.random) }
        #expect(delays == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
        #expect(backoff.failures == 6)
    }

    /// However long nobody is there: nothing overflows.
    @Test mutating func staysAtTheCap() {
        var backoff = Backoff(BackoffTests.policy())
        for _ in 0..<10_000 { _ = backoff.next(least: nil, using: &self.random) }
        #expect(backoff.next(least: nil, using: &self.random) == .seconds(10))
        #expect(backoff.failures == 10_001)
    }

    @Test mutating func minimumAndMaximumAlike() {
        var backoff = Backoff(ReconnectPolicy(minDelay: .seconds(3), maxDelay: .seconds(3)))
        let delays = (0..<3).map { _ in backoff.next(least: nil, using: &self.random) }
        #expect(delays == [.seconds(3), .seconds(3), .seconds(3)])
    }

    @Test mutating func byDefault() {
        var backoff = Backoff(ReconnectPolicy())
        let delays = (0..<8).map { _ in backoff.next(least: nil, using: &self.random) }
        #expect(delays == [0.5, 1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
    }

    // MARK: Jitter

    /// Delays are spread evenly over all of the bound, from 0 on.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func fullJitter(seed: UInt64) throws {
        var random = Generator(seed: seed)
        let policy = ReconnectPolicy(minDelay: .seconds(1), maxDelay: .seconds(1))
        var tenths = [Int](repeating: 0, count: 10)
        var (least, most) = (Duration.seconds(1), Duration.zero)
        var backoff = Backoff(policy)
        for _ in 0..<10_000 {
            let delay = try #require(backoff.next(least: nil, using: &random))
            try #require(delay >= .zero && delay <= .seconds(1))
            (least, most) = (min(least, delay), max(most, delay))
            tenths[min(Int(delay / .seconds(1) * 10), 9)] += 1
        }
        #expect(least < .milliseconds(10))
        #expect(most > .milliseconds(990))
        // 1000 each, with a standard deviation of 30.
        #expect(tenths.allSatisfy { (850...1150).contains($0) }, "\(tenths)")
    }

    @Test func jitterOfEachBound() {
        for seed in 0..<1000 as Range<UInt64> {
            var random = Generator(seed: seed)
            var backoff = Backoff(BackoffTests.policy())
            for bound in [1, 2, 4, 8, 10, 10] {
                let delay = backoff.next(least: nil, using: &random)
                #expect(delay.map { $0 >= .zero && $0 <= .seconds(bound) } == true)
            }
        }
    }

    @Test func sameNumbersSameDelays() {
        var (one, other) = (Generator(seed: 7), Generator(seed: 7))
        var (first, second) = (Backoff(ReconnectPolicy()), Backoff(ReconnectPolicy()))
        for _ in 0..<20 {
            #expect(first.next(least: nil, using: &one) == second.next(least: nil, using: &other))
        }
    }

    // MARK: What the server asks for

    @Test mutating func onTopOfWhatTheServerAsksFor() {
        var backoff = Backoff(BackoffTests.policy())
        #expect(backoff.next(least: .seconds(120), using: &self.random) == .seconds(121))
        #expect(backoff.next(least: .zero, using: &self.random) == .seconds(2))
    }

    /// Never earlier, and not all at the same moment.
    @Test func neverEarlierThanTheServerAsksFor() {
        var random = Generator(seed: 5)
        var backoff = Backoff(BackoffTests.policy())
        var delays: Set<Duration> = []
        for _ in 0..<100 {
            let delay = backoff.next(least: .seconds(60), using: &random)
            #expect(delay.map { $0 >= .seconds(60) && $0 <= .seconds(70) } == true)
            if let delay { delays.insert(delay) }
        }
        #expect(delays.count > 90)
    }

    // MARK: Beginning anew

    @Test(arguments: [5, 6, 3600])
    mutating func afterAStableConnection(seconds: Int) {
        var backoff = Backoff(BackoffTests.policy())
        for _ in 0..<4 { _ = backoff.next(least: nil, using: &self.random) }
        backoff.ended(after: .seconds(seconds))
        #expect(backoff.failures == 0)
        #expect(backoff.next(least: nil, using: &self.random) == .seconds(1))
        #expect(backoff.next(least: nil, using: &self.random) == .seconds(2))
    }

    @Test(arguments: [.zero, .milliseconds(1), .milliseconds(4999)] as [Duration])
    mutating func notAfterAnUnstableOne(duration: Duration) {
        var backoff = Backoff(BackoffTests.policy())
        for _ in 0..<2 { _ = backoff.next(least: nil, using: &self.random) }
        backoff.ended(after: duration)
        #expect(backoff.failures == 2)
        #expect(backoff.next(least: nil, using: &self.random) == .seconds(4))
    }

    // MARK: An end

    @Test mutating func soManyAttempts() {
        var backoff = Backoff(BackoffTests.policy(maxAttempts: 3))
        #expect(backoff.next(least: nil, using: &self.random) == .seconds(1))
        #expect(backoff.next(least: nil, using: &self.random) == .seconds(2))
        #expect(backoff.next(least: nil, using: &self.random) == nil)
    }

    @Test mutating func oneAttempt() {
        var backoff = Backoff(BackoffTests.policy(maxAttempts: 1))
        #expect(backoff.next(least: .seconds(1), using: &self.random) == nil)
    }

    /// One that was lost has failed as well, even after a long time: with one attempt there is no second.
    @Test mutating func attemptsAfterAStableConnection() {
        var backoff = Backoff(BackoffTests.policy(maxAttempts: 2))
        #expect(backoff.next(least: nil, using: &self.random) != nil)
        backoff.ended(after: .seconds(5))
        #expect(backoff.next(least: nil, using: &self.random) != nil)
        backoff.ended(after: .seconds(1))
        #expect(backoff.next(least: nil, using: &self.random) == nil)
        var single = Backoff(BackoffTests.policy(maxAttempts: 1))
        single.ended(after: .seconds(3600))
        #expect(single.next(least: nil, using: &self.random) == nil)
    }
}
