import Testing

@testable import WebSocketNIO

struct TokenBucketTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func burstThenRate() {
        var bucket = TokenBucket(rate: 10, burst: 5)
        let start = 7 * Self.second
        let first = (0..<10).count { _ in bucket.take(now: start) }
        #expect(first == 5)
        // One comes each 100 ms.
        let early = bucket.take(now: start + 99_000_000)
        #expect(!early)
        let later = bucket.take(now: start + 100_000_000)
        #expect(later)
        let again = bucket.take(now: start + 100_000_000)
        #expect(!again)
        // It does not hold more than the burst, however long nothing is taken.
        let full = (0..<10).count { _ in bucket.take(now: start + 1000 * Self.second) }
        #expect(full == 5)
    }

    @Test func several() {
        var bucket = TokenBucket(rate: 1000, burst: 500)
        let tooMany = bucket.take(501, now: 0)
        #expect(!tooMany)
        let all = bucket.take(500, now: 0)
        #expect(all)
        let none = bucket.take(1, now: 0)
        #expect(!none)
    }

    /// What has arrived is paid later.
    @Test func charge() {
        var bucket = TokenBucket(rate: 100, burst: 10)
        let free = bucket.charge(10, now: 0)
        #expect(free == 0)
        let debt = bucket.charge(5, now: 0)
        #expect(debt == 50_000_000)
        let half = bucket.debt(now: 25_000_000)
        #expect(half == 25_000_000)
        let paid = bucket.debt(now: 50_000_000)
        #expect(paid == 0)
    }

    /// Over a day at odd times it comes out at the rate.
    @Test func noDrift() {
        var bucket = TokenBucket(rate: 3, burst: 1)
        var (now, taken) = (UInt64(0), 0)
        while now < 86_400 * Self.second {
            if bucket.take(now: now) { taken += 1 }
            now += 7_654_321
        }
        // Each one is late by at most a step.
        #expect(taken <= 86_400 * 3 + 1 && taken > 86_400 * 3 * 97 / 100)
    }
}
