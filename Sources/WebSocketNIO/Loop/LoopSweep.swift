import NIOCore

/// What one event loop looks at about once a second, as long as there is something to look at. One timer a loop, however many
/// connections it has; and it counts in ticks, so that nothing needs to read a clock to say that it was used.
struct LoopSweep {
    /// How often it looks.
    static let interval: TimeAmount = .seconds(1)

    /// How many ticks a duration takes, at least one.
    static func ticks(_ duration: Duration) -> UInt64 {
        let interval = UInt64(LoopSweep.interval.nanoseconds)
        let (whole, rest) = duration.nanoseconds.quotientAndRemainder(dividingBy: interval)
        return Swift.max(rest == 0 ? whole : whole + 1, 1)
    }

    /// The number of this second.
    private(set) var tick: UInt64 = 0
    private var entries: [any SweepEntry] = []
    private(set) var isScheduled = false

    /// How many are looked at.
    var count: Int { self.entries.count }

    /// Looks at the entry from now on, until it says that it is done.
    ///
    /// - Returns: Whether the next tick has to be scheduled.
    mutating func add(_ entry: any SweepEntry) -> Bool {
        self.entries.append(entry)
        defer { self.isScheduled = true }
        return !self.isScheduled
    }

    /// Another second begins.
    ///
    /// - Returns: What to look at now; ``end(_:)`` has to follow. What is added meanwhile is looked at from the next second on.
    mutating func begin() -> [any SweepEntry] {
        self.tick += 1
        defer { self.entries = [] }
        return self.entries
    }

    /// All was looked at.
    ///
    /// - Parameter kept: What is to be looked at again.
    /// - Returns: Whether the next tick has to be scheduled.
    mutating func end(_ kept: [any SweepEntry]) -> Bool {
        self.entries += kept
        self.isScheduled = !self.entries.isEmpty
        return self.isScheduled
    }
}

/// Something that a loop looks at.
protocol SweepEntry: AnyObject {
    /// Does what is due.
    ///
    /// - Parameter tick: The number of this second.
    /// - Returns: Whether the loop need not look at it any more.
    func isDone(at tick: UInt64) -> Bool
}
