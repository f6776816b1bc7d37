import RealtimeCore
import Synchronization

/// The rooms of a process by name, each behind a lock of its own, within ``MemoryLimits``. Any thread.
///
/// The directory's lock is held for moments; one that holds it may take a room's, never the other way round.
final class RoomDirectory: Sendable {
    struct State: ~Copyable {
        var room: Room<Publication, MemberInfo>
        /// Whether receivers want its messages, or its log was read.
        var isWanted = false
        /// It is not in the directory any more.
        fileprivate var isForgotten = false
        /// When something was last published or read.
        var lastUsed = Instant.start
        /// What it was counted for.
        fileprivate var counted = 0

        fileprivate init(_ room: Room<Publication, MemberInfo>) { self.room = room }

        /// Whether nothing but history would be lost with it.
        fileprivate var isIdle: Bool { !self.isWanted && self.room.presence.count == 0 }

        fileprivate var cost: Int {
            self.room.log.bytes + self.room.idempotency.count * MemoryLimits.idCost
        }
    }

    private final class Cell: Sendable {
        let state: Mutex<State>
        init(_ room: Room<Publication, MemberInfo>) { self.state = Mutex(State(room)) }
    }

    private struct Table: ~Copyable {
        var cells: [RoomName: Cell] = [:]
        /// How many logs with messages have been forgotten.
        var generation = 0
        /// When it was last looked for rooms to forget, or for history, without finding enough.
        var lookedInVain: Instant?
        var trimmedInVain: Instant?
    }

    private let table = Mutex(Table())
    private let bytes = Atomic(0)
    private let isTrimming = Atomic(false)
    private let secret = UInt64.random(in: .min ... .max)
    private let limits: MemoryLimits
    private let settings: @Sendable (RoomName) -> RoomSettings
    private let clock: @Sendable () -> Instant

    init(
        limits: MemoryLimits, settings: @escaping @Sendable (RoomName) -> RoomSettings,
        clock: @escaping @Sendable () -> Instant
    ) {
        (self.limits, self.settings, self.clock) = (limits, settings, clock)
    }

    /// How many rooms there are.
    var count: Int { self.table.withLock { $0.cells.count } }
    /// What they count for.
    var totalBytes: Int { self.bytes.load(ordering: .relaxed) }

    // MARK: One room

    /// Does something with a room, which is made if it is not there.
    ///
    /// - Throws: ``RealtimeError`` if there cannot be more rooms.
    func with<Result: Sendable>(_ name: RoomName, _ body: (inout State) -> Result) throws(RealtimeError) -> Result {
        while true {
            let cell = try self.cell(name)
            let result: Result? = cell.state.withLock { $0.isForgotten ? nil : self.counted(&$0, body) }
            guard let result else { continue }
            if self.totalBytes > self.limits.maxBytes { self.trim(for: name) }
            return result
        }
    }

    /// The same, where a room that is not there is not made.
    func ifThere<Result: Sendable>(_ name: RoomName, _ body: (inout State) -> Result) -> Result? {
        let cell = self.table.withLock { $0.cells[name] }
        return cell?.state.withLock { $0.isForgotten ? nil : self.counted(&$0, body) }
    }

    /// A log without messages for a room that is not there.
    func nothing(in name: RoomName) -> RoomLog<Publication> {
        RoomLog(epoch: self.epoch(of: name, self.table.withLock { $0.generation }))
    }

    private func cell(_ name: RoomName) throws(RealtimeError) -> Cell {
        while true {
            let (found, isInVain) = self.table.withLock { table -> (Cell?, Bool) in
                if let found = table.cells[name] { return (found, false) }
                guard table.cells.count < self.limits.maxRooms else {
                    return (nil, self.isRecent(table.lookedInVain))
                }
                let made = Cell(
                    Room(name: name, epoch: self.epoch(of: name, table.generation), settings: self.settings(name)))
                table.cells[name] = made
                return (made, false)
            }
            if let found { return found }
            // All are looked through: a tenth of them at once, and not again at once if there are none.
            guard !isInVain, self.forgetIdle(down: self.limits.maxRooms / 10 * 9) else {
                throw RealtimeError(.noMoreRooms(limit: self.limits.maxRooms))
            }
        }
    }

    /// The epoch with which a room begins. It is the same as long as nothing can have been published in the room, so that readers of a
    /// room that is not there get a position that stays good.
    private func epoch(of name: RoomName, _ generation: Int) -> Epoch {
        var hasher = Hasher()
        hasher.combine(self.secret)
        hasher.combine(name)
        hasher.combine(generation)
        return Epoch(random: UInt64(bitPattern: Int64(hasher.finalize())))
    }

    private func counted<Result: Sendable>(_ state: inout State, _ body: (inout State) -> Result) -> Result {
        defer { self.count(&state) }
        return body(&state)
    }

    private func count(_ state: inout State) {
        let cost = state.isForgotten ? 0 : state.cost
        guard cost != state.counted else { return }
        self.bytes.add(cost - state.counted, ordering: .relaxed)
        state.counted = cost
    }

    // MARK: All rooms

    /// Does something with each room that has something too old, and forgets those of which nothing is left.
    func expire(now: Instant, _ body: (RoomName, inout State) -> Void) {
        for (name, cell) in self.table.withLock({ Array($0.cells) }) {
            let isUnused = cell.state.withLock { state in
                if let deadline = state.room.deadline, deadline <= now {
                    self.counted(&state) { body(name, &$0) }
                }
                return state.room.isUnused && !state.isWanted
            }
            if isUnused { self.forget(name, cell) { $0.room.isUnused && !$0.isWanted } }
        }
    }

    /// Takes a room out, if it is still as the closure says.
    private func forget(_ name: RoomName, _ cell: Cell, if condition: (borrowing State) -> Bool) {
        self.table.withLock { table in
            cell.state.withLock { state in
                guard !state.isForgotten, condition(state) else { return }
                state.isForgotten = true
                self.count(&state)
                table.cells[name] = nil
                if state.room.log.latest.offset > 0 { table.generation += 1 }
            }
        }
    }

    /// Within the second in which it is of no use to look again.
    private func isRecent(_ time: Instant?) -> Bool {
        time.map { $0.duration(to: self.clock()) < .seconds(1) } ?? false
    }

    /// Those that nobody is in, the ones first that were not used for longest.
    private func idle() -> [(name: RoomName, cell: Cell)] {
        self.table.withLock { Array($0.cells) }
            .compactMap { name, cell -> (RoomName, Cell, Instant)? in
                let last = cell.state.withLock { $0.isIdle ? $0.lastUsed : nil }
                return last.map { (name, cell, $0) }
            }
            .sorted { $0.2 < $1.2 }
            .map { ($0.0, $0.1) }
    }

    /// Forgets rooms until there are only so many; false if that cannot be.
    private func forgetIdle(down count: Int) -> Bool {
        let excess = max(self.count - count, 0)
        let found = self.idle().prefix(excess)
        for (name, cell) in found { self.forget(name, cell) { $0.isIdle } }
        // With a few that were found, room was made for as few.
        if found.count < excess {
            let now = self.clock()
            self.table.withLock { $0.lookedInVain = now }
        }
        return !found.isEmpty
    }

    /// Lets go of history, down to nine tenths of what there may be.
    ///
    /// The rooms that take more than twice what falls to each lose the older half first, read or not, so that one who fills many does not
    /// cost the others theirs; then those go that nobody is in; then all lose the older half.
    ///
    /// - Parameter name: A room that was just used, and is not forgotten.
    private func trim(for name: RoomName) {
        guard !self.isTrimming.exchange(true, ordering: .acquiring) else { return }
        defer { self.isTrimming.store(false, ordering: .releasing) }
        guard !self.table.withLock({ self.isRecent($0.trimmedInVain) }) else { return }
        let most = self.limits.maxBytes / 10 * 9
        let share = most / max(1, self.count) * 2
        self.halve(down: most) { $0 > share }
        for (other, cell) in self.idle() where other != name {
            guard self.totalBytes > most else { return }
            self.forget(other, cell) { $0.isIdle }
        }
        self.halve(down: most) { _ in true }
        guard self.totalBytes > most else { return }
        let now = self.clock()
        self.table.withLock { $0.trimmedInVain = now }
    }

    /// Takes the older half of the messages and ids of rooms, the largest first, until there are only so many bytes.
    private func halve(down most: Int, where isLarge: (Int) -> Bool) {
        guard self.totalBytes > most else { return }
        let rooms = self.table.withLock { Array($0.cells.values) }
            .map { cell in (cell, cell.state.withLock { $0.counted }) }
            .filter { isLarge($0.1) }
            .sorted { $0.1 > $1.1 }
        let now = self.clock()
        for (cell, _) in rooms {
            guard self.totalBytes > most else { return }
            cell.state.withLock { state in
                self.counted(&state) { state in
                    let settings = state.room.settings
                    var less = settings
                    less.log.maxBytes = state.room.log.bytes / 2
                    less.idempotency.maxCount = state.room.idempotency.count / 2
                    state.room.apply(less, now: now)
                    state.room.apply(settings, now: now)
                }
            }
        }
    }
}
