import RealtimeCore

/// Where a subscription is, and what becomes of what it hears: on whichever way, and however often it is connected again. A value
/// without I/O.
struct SubscriptionState: Hashable, Sendable {
    /// What is to be done.
    enum Outcome: Hashable, Sendable {
        case nothing
        /// A message is shown.
        case show
        /// It is shown, and it is the last one.
        case showLast
        /// Something is missing before what follows.
        case tellGap
    }

    /// The position behind which it reads; nil before the server has said where.
    private(set) var position: Position?
    /// How many messages are still to come; nil for any number.
    private(set) var remaining: Int?

    /// - Parameters:
    ///   - position: Where it begins; nil if the server says so.
    ///   - count: How many messages it wants, at least 1; nil for any number.
    init(after position: Position? = nil, count: Int? = nil) {
        self.position = position
        self.remaining = count
    }

    /// The server says from where it continues.
    mutating func joined(at start: Position, recovered: Bool) -> Outcome {
        guard let position = self.position else {
            self.position = start
            return .nothing
        }
        // What lies between is not there, whatever the server calls it.
        guard recovered, position.epoch == start.epoch, start.offset <= position.offset else {
            self.position = start
            return .tellGap
        }
        return .nothing
    }

    /// A message has come. One that has come before is not shown again; offsets may jump where a room keeps only the newest message
    /// of each key.
    mutating func message(at place: Position) -> Outcome {
        guard self.moves(to: place) else { return .nothing }
        self.position = place
        guard let remaining else { return .show }
        self.remaining = remaining - 1
        return remaining > 1 ? .show : .showLast
    }

    /// The server says that something is missing, and from where it continues.
    mutating func gap(before place: Position) -> Outcome {
        guard self.moves(to: place) else { return .nothing }
        self.position = place
        return .tellGap
    }

    /// A page ends here.
    mutating func reached(_ place: Position) {
        if self.moves(to: place) { self.position = place }
    }

    private func moves(to place: Position) -> Bool {
        guard let position, position.epoch == place.epoch else { return true }
        return place.offset > position.offset
    }
}
