import RealtimeCore
import TestSupport
import Testing

struct IdempotencyWindowTests {
    private let epoch = Epoch(random: 7)
    private let ann = MemberID.named("ann")
    private let bob = MemberID.named("bob")
    private let id = MessageID.named("1")

    private func position(_ offset: UInt64) -> Position { Position(epoch: self.epoch, offset: offset) }

    @Test func firstAnswer() throws {
        var window = IdempotencyWindow()
        let none = try window.answer(to: self.id, of: self.ann, now: .start)
        #expect(none == nil)
        window.record(self.position(3), for: self.id, of: self.ann, now: .start)
        window.record(self.position(4), for: self.id, of: self.ann, now: .start)
        let first = try window.answer(to: self.id, of: self.ann, now: .seconds(1))
        #expect(first == self.position(3))
        #expect(window.count == 1)
    }

    /// Each author has ids of its own, and those who are nobody share theirs.
    @Test func authors() throws {
        var window = IdempotencyWindow()
        window.record(self.position(3), for: self.id, of: self.ann, now: .start)
        window.record(self.position(5), for: self.id, of: nil, now: .start)
        #expect(try window.answer(to: self.id, of: self.bob, now: .start) == nil)
        #expect(try window.answer(to: self.id, of: nil, now: .start) == self.position(5))
    }

    @Test func fingerprints() throws {
        var window = IdempotencyWindow()
        window.record(self.position(3), for: self.id, of: self.ann, fingerprint: 1, now: .start)
        #expect(try window.answer(to: self.id, of: self.ann, fingerprint: 1, now: .start) == self.position(3))
        #expect(try window.answer(to: self.id, of: self.ann, now: .start) == self.position(3))
        #expect(throws: RealtimeError(.otherBody)) {
            try window.answer(to: self.id, of: self.ann, fingerprint: 2, now: .start)
        }
        let other = MessageID.named("2")
        window.record(self.position(4), for: other, of: self.ann, now: .start)
        #expect(try window.answer(to: other, of: self.ann, fingerprint: 2, now: .start) == self.position(4))
    }

    @Test func byAge() throws {
        var window = IdempotencyWindow(limits: IdempotencyLimits(maxAge: .seconds(10)))
        window.record(self.position(3), for: self.id, of: self.ann, now: .seconds(1))
        #expect(window.deadline == .seconds(11))
        let just = try window.answer(to: self.id, of: self.ann, now: Instant(nanoseconds: 10_999_999_999))
        #expect(just == self.position(3))
        let late = try window.answer(to: self.id, of: self.ann, now: .seconds(11))
        #expect(late == nil)
        #expect(window.count == 0)
        #expect(window.deadline == nil)
    }

    @Test func byCount() throws {
        var window = IdempotencyWindow(limits: IdempotencyLimits(maxCount: 2))
        for number in 1...3 as ClosedRange<UInt64> {
            window.record(self.position(number), for: .named(String(number)), of: nil, now: .start)
        }
        #expect(try window.answer(to: .named("1"), of: nil, now: .start) == nil)
        #expect(try window.answer(to: .named("2"), of: nil, now: .start) == self.position(2))
        window.apply(IdempotencyLimits(maxCount: 0), now: .start)
        #expect(window.count == 0)
        window.record(self.position(4), for: self.id, of: nil, now: .start)
        #expect(window.count == 0)
    }

    @Test func defaults() {
        #expect(IdempotencyLimits() == IdempotencyLimits(maxCount: 1000, maxAge: .seconds(300)))
    }

    /// Against a list of all that was ever recorded.
    @Test(arguments: 0..<60 as Range<UInt64>) func likeTheNaiveOne(seed: UInt64) throws {
        struct Record {
            let author: MemberID?
            let id: MessageID
            let fingerprint: UInt64?
            let position: Position
            let time: Instant
        }
        func someLimits(_ random: inout Generator) -> IdempotencyLimits {
            IdempotencyLimits(
                maxCount: random.pick([0, 1, 4, 1000]), maxAge: random.pick([.zero, .seconds(2), .seconds(40)]))
        }
        var random = Generator(seed: seed)
        var limits = someLimits(&random)
        var window = IdempotencyWindow(limits: limits)
        var naive: [Record] = []
        var clock = Instant.start
        var latest = Instant.start
        func trim() {
            naive.removeAll { $0.time.duration(to: latest) >= limits.maxAge }
            naive.removeFirst(max(0, naive.count - limits.maxCount))
        }
        for step in 0..<800 {
            let context = "seed \(seed), step \(step)"
            clock = clock.advanced(by: .milliseconds(random.below(random.pick([1, 3000]))))
            let now = random.reading(clock)
            latest = max(latest, now)
            if random.oneIn(30) {
                limits = someLimits(&random)
                window.apply(limits, now: now)
            }
            trim()
            let id = MessageID.named(String(random.below(6)))
            let author = random.pick([nil, self.ann, self.bob])
            let fingerprint: UInt64? = random.pick([nil, nil, 1, 1, 1, 2])
            let first = naive.first { $0.author == author && $0.id == id }
            let answer = Result { try window.answer(to: id, of: author, fingerprint: fingerprint, now: now) }
            try check(window.count == naive.count, context)
            try check(window.deadline == naive.first?.time.advanced(by: limits.maxAge), context)
            if let first, let one = first.fingerprint, let fingerprint, one != fingerprint {
                #expect(throws: RealtimeError(.otherBody), "\(context)") { try answer.get() }
                continue
            }
            try check(answer.get() == first?.position, context)
            guard first == nil, random.oneIn(2) else { continue }
            window.record(self.position(UInt64(step)), for: id, of: author, fingerprint: fingerprint, now: now)
            naive.append(
                Record(
                    author: author, id: id, fingerprint: fingerprint, position: self.position(UInt64(step)),
                    time: latest))
            trim()
        }
    }
}
