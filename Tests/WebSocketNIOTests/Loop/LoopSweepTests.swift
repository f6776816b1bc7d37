import NIOCore
import Testing

@testable import WebSocketNIO

struct LoopSweepTests {
    private final class Entry: SweepEntry {
        func isDone(at tick: UInt64) -> Bool { false }
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

    @Test func oneTimer() {
        var sweep = LoopSweep()
        #expect(sweep.tick == 0 && sweep.count == 0 && !sweep.isScheduled)
        let (first, second, third) = (Entry(), Entry(), Entry())
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
