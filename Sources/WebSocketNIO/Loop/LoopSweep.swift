import NIOCore

/// What one event loop looks at about once a second, as long as there is something to look at. One timer a loop, however many
/// connections it has; and it counts in ticks, so that nothing needs to read a clock to say that it was used.
struct LoopSweep {
    /// How often it looks.
    static let interval: TimeAmount = .seconds(1)

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

    /// Another second.
    ///
    /// - Returns: Whether the next tick has to be scheduled.
    mutating func advance() -> Bool {
        self.tick += 1
        let tick = self.tick
        self.entries.removeAll { $0.isDone(at: tick) }
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
