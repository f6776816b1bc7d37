import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocketNIO

@Suite struct LoopSweepTests {
    private final class Entry: SweepEntry {
        var seen: [UInt64] = []
        let last: UInt64

        init(until last: UInt64) {
            self.last = last
        }

        func isDone(at tick: UInt64) -> Bool {
            self.seen.append(tick)
            return tick >= self.last
        }
    }

    /// Where a loop has it.
    private final class Loop {
        private(set) var sweep = LoopSweep()

        func add(_ entry: Entry) -> Bool { self.sweep.add(entry) }
        func advance() -> Bool {
            let entries = self.sweep.begin()
            let tick = self.sweep.tick
            return self.sweep.end(entries.filter { !$0.isDone(at: tick) })
        }
    }

    @Test func entriesAreLookedAtUntilTheyAreDone() {
        let loop = Loop()
        let (short, long) = (Entry(until: 2), Entry(until: 3))
        #expect(loop.add(short))
        #expect(!loop.add(long))
        #expect(loop.sweep.isScheduled && loop.sweep.count == 2)
        #expect(loop.advance())
        #expect(loop.advance())
        #expect(loop.sweep.count == 1)
        #expect(!loop.advance())
        #expect(!loop.sweep.isScheduled && loop.sweep.count == 0)
        #expect(short.seen == [1, 2])
        #expect(long.seen == [1, 2, 3])
        #expect(loop.sweep.tick == 3)
        // It begins anew, where it was.
        let later = Entry(until: 5)
        #expect(loop.add(later))
        #expect(loop.advance())
        #expect(!loop.advance())
        #expect(later.seen == [4, 5])
    }

    /// One timer a loop, once a second, which stops when there is nothing to look at.
    @Test func oneTimer() {
        let eventLoop = EmbeddedEventLoop()
        let loop = LoopResources.of(eventLoop)
        let (short, long) = (Entry(until: 2), Entry(until: 3))
        loop.watch(short)
        eventLoop.advanceTime(by: .milliseconds(999))
        #expect(loop.sweep.tick == 0)
        loop.watch(long)
        eventLoop.advanceTime(by: .milliseconds(1))
        #expect(loop.sweep.tick == 1)
        #expect(short.seen == [1] && long.seen == [1])
        eventLoop.advanceTime(by: .seconds(1))
        #expect(loop.sweep.count == 1)
        eventLoop.advanceTime(by: .seconds(100))
        #expect(loop.sweep.tick == 3)
        #expect(loop.sweep.count == 0 && !loop.sweep.isScheduled)
        #expect(long.seen == [1, 2, 3])
        let later = Entry(until: 4)
        loop.watch(later)
        eventLoop.advanceTime(by: .seconds(100))
        #expect(later.seen == [4])
    }

    /// Rounded up, at least one; the longest is no short one.
    @Test(
        arguments: [
            (.zero, 1), (.milliseconds(1), 1), (.seconds(1), 1), (.milliseconds(1001), 2), (.seconds(30), 30),
            (.seconds(Int64.max), UInt64.max / 1_000_000_000 + 1),
        ] as [(Duration, UInt64)])
    func ticks(duration: Duration, expected: UInt64) {
        #expect(LoopSweep.ticks(duration) == expected)
    }

    @Test func whatIsAddedMeanwhileComesNext() {
        var sweep = LoopSweep()
        #expect(sweep.tick == 0 && sweep.count == 0 && !sweep.isScheduled)
        let (first, second, third) = (Entry(until: .max), Entry(until: .max), Entry(until: .max))
        let mustSchedule = sweep.add(first)
        #expect(mustSchedule)
        let mustScheduleAgain = sweep.add(second)
        #expect(!mustScheduleAgain)
        #expect(sweep.isScheduled && sweep.count == 2)
        let entries = sweep.begin()
        #expect(entries.count == 2 && sweep.tick == 1)
        // Added while the others are looked at.
        let mustScheduleWithin = sweep.add(third)
        #expect(!mustScheduleWithin)
        let goesOn = sweep.end([second])
        #expect(goesOn)
        #expect(sweep.count == 2)
        let next = sweep.begin()
        #expect(next.count == 2)
        let goesOnEmpty = sweep.end([])
        #expect(!goesOnEmpty)
        #expect(!sweep.isScheduled && sweep.tick == 2)
        let startsAnew = sweep.add(first)
        #expect(startsAnew)
    }
}
