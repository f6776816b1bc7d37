import DequeModule

/// A room's history: messages with consecutive offsets within an epoch, of which the newest are kept, by count, bytes and
/// age. What has gone still counts: offsets go on, so a reader that missed something is told.
///
/// A value without I/O, clock or randomness. Appending costs O(1), amortised; reading costs O(messages that are returned).
public struct RoomLog<Body: Sendable>: Sendable {
    /// The current life of the history.
    public private(set) var epoch: Epoch
    /// How much is kept; see ``apply(_:now:)``.
    public private(set) var limits: LogLimits
    /// The bytes that are kept, with the key and ``LogLimits/overhead`` for each message.
    public private(set) var bytes = 0

    /// The offset of the newest message that ever was in this epoch.
    private var lastOffset: UInt64 = 0
    /// The newest ones. The offset of the first is `lastOffset - count + 1`, so that no offset has to be searched for.
    private var messages: Deque<RoomMessage<Body>> = []
    /// `limits.maxAge`, so that it is not converted for each message.
    private var maxAge: UInt64
    /// The latest `now`.
    private var latestTime = Instant.start

    /// Makes an empty history.
    ///
    /// - Parameters:
    ///   - epoch: A new epoch, from random bits.
    ///   - limits: How much is kept.
    public init(epoch: Epoch, limits: LogLimits = LogLimits()) {
        self.epoch = epoch
        self.limits = limits
        self.maxAge = limits.maxAge.clampedNanoseconds
    }

    /// How many messages are kept.
    public var count: Int { self.messages.count }
    /// Whether none is kept.
    public var isEmpty: Bool { self.messages.isEmpty }
    /// The position of the newest message; offset 0 if there has been none in this epoch.
    public var latest: Position { Position(epoch: self.epoch, offset: self.lastOffset) }
    /// The place before the oldest message that is kept: the earliest one that can be read from without a loss.
    public var earliest: Position { Position(epoch: self.epoch, offset: self.lastOffset - UInt64(self.count)) }
    /// The position that the next message will have.
    public var next: Position { Position(epoch: self.epoch, offset: self.lastOffset + 1) }
    /// When to call ``trim(now:)``; nil if nothing is kept.
    public var deadline: Instant? { self.messages.first.map { $0.time.advanced(byNanoseconds: self.maxAge) } }

    /// Stores a message, and lets go of those that there is no room for any more.
    ///
    /// - Parameters:
    ///   - body: What it says.
    ///   - size: Its size in bytes.
    ///   - key: What it is about.
    ///   - now: The time.
    /// - Returns: Its position.
    /// - Throws: ``RealtimeError`` if it is larger than ``LogLimits/maxMessageSize``, or than what can be kept; nothing has
    ///   happened then.
    @discardableResult
    public mutating func append(
        _ body: Body, size: Int, key: MessageKey? = nil, now: Instant
    ) throws(RealtimeError) -> Position {
        precondition(size >= 0, "a size is not negative")
        let largest = self.limits.largestMessage(with: key)
        guard size <= largest else { throw RealtimeError(.messageTooBig(size: size, limit: max(0, largest))) }
        self.latestTime = max(self.latestTime, now)
        let position = self.next
        let message = RoomMessage(offset: position.offset, time: self.latestTime, key: key, size: size, body: body)
        self.lastOffset = position.offset
        self.messages.append(message)
        self.bytes += message.cost
        self.trim()
        return position
    }

    /// Lets go of messages that have become too old. Without it an old message stays until the next one comes.
    ///
    /// - Parameter now: The time.
    public mutating func trim(now: Instant) {
        self.latestTime = max(self.latestTime, now)
        self.trim()
    }

    /// Keeps more or less from now on. What has gone does not come back.
    ///
    /// - Parameters:
    ///   - limits: The new limits.
    ///   - now: The time.
    public mutating func apply(_ limits: LogLimits, now: Instant) {
        self.limits = limits
        self.maxAge = limits.maxAge.clampedNanoseconds
        self.trim(now: now)
    }

    /// Begins a new life: history is lost, offsets begin anew, and every position of before is answered by
    /// ``Reading/recovered`` `false`.
    ///
    /// - Parameter epoch: A new epoch, from random bits. It must not be the current one.
    public mutating func begin(_ epoch: Epoch) {
        precondition(epoch != self.epoch, "a new epoch is another one")
        self.epoch = epoch
        self.lastOffset = 0
        self.bytes = 0
        self.messages = []
    }

    private mutating func trim() {
        let maxCount = max(1, self.limits.maxCount)
        while let oldest = self.messages.first,
            self.messages.count > maxCount || self.bytes > self.limits.maxBytes
                || oldest.time.advanced(byNanoseconds: self.maxAge) <= self.latestTime
        {
            self.bytes -= oldest.cost
            self.messages.removeFirst()
        }
        // A deque keeps the memory of its largest time.
        if self.messages.isEmpty { self.messages = [] }
    }
}

extension RoomLog {
    /// Reads messages in their order.
    ///
    /// The reading shares the bodies, not the log's storage: a slice of that would make the next ``append(_:size:key:now:)``
    /// copy the whole log for as long as somebody holds it.
    ///
    /// - Parameters:
    ///   - start: From where.
    ///   - limit: The most messages.
    ///   - maxBytes: The most bytes of messages, counted as in ``LogLimits/maxBytes``; but one message always fits.
    /// - Returns: The messages, and whether some are missing before them.
    public func read(_ start: ReadingStart, limit: Int = .max, maxBytes: Int = .max) -> Reading<Body> {
        let (skip, recovered) = self.place(of: start)
        var end = skip
        if limit > 0 {
            end = limit < self.count - skip ? skip + limit : self.count
        }
        if maxBytes < self.bytes {
            end = self.fit(skip..<end, within: maxBytes)
        }
        let earliest = self.lastOffset - UInt64(self.count)
        return Reading(
            messages: Array(self.messages[skip..<end]),
            start: Position(epoch: self.epoch, offset: earliest + UInt64(skip)),
            position: Position(epoch: self.epoch, offset: earliest + UInt64(end)),
            latest: self.latest, recovered: recovered)
    }

    /// How many of the kept messages are before the start, and whether nothing is missing behind it.
    private func place(of start: ReadingStart) -> (skip: Int, recovered: Bool) {
        switch start {
        case .oldest: return (0, true)
        case .latest(let count): return (self.count - min(max(0, count), self.count), true)
        case .after(let position):
            // An offset that is later than the newest is of somebody who knows more than this log, so not of this history.
            let earliest = self.lastOffset - UInt64(self.count)
            guard position.epoch == self.epoch, (earliest...self.lastOffset).contains(position.offset) else {
                return (0, false)
            }
            return (Int(position.offset - earliest), true)
        }
    }

    /// Where to stop so that no more than so many bytes are read.
    private func fit(_ range: Range<Int>, within maxBytes: Int) -> Int {
        var bytes = 0
        for index in range {
            bytes += self.messages[index].cost
            if bytes > maxBytes && index > range.lowerBound { return index }
        }
        return range.upperBound
    }
}
