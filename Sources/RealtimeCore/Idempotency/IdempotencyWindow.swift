import DequeModule

/// Remembers for a while which messages have been stored, so that one that is sent again gets the first answer.
///
/// An id counts for its author: nobody can use up, or ask about, the ids of somebody else. After a new epoch it still gets
/// the first answer, with a position of the old epoch: that message was delivered, and must not be a second time.
public struct IdempotencyWindow: Sendable {
    private struct Key: Sendable, Hashable {
        let author: MemberID?
        let id: MessageID
    }

    private struct Answer: Sendable {
        let position: Position
        let fingerprint: UInt64?
    }

    /// How long ids are remembered; see ``apply(_:now:)``.
    public private(set) var limits: IdempotencyLimits

    private var answers: [Key: Answer] = [:]
    /// The ids in the order of time; each is in `answers`.
    private var times: Deque<(key: Key, time: Instant)> = []
    private var maxAge: UInt64
    /// The latest `now`.
    private var latestTime = Instant.start

    /// Makes an empty window.
    public init(limits: IdempotencyLimits = IdempotencyLimits()) {
        self.limits = limits
        self.maxAge = limits.maxAge.clampedNanoseconds
    }

    /// How many ids are remembered.
    public var count: Int { self.times.count }
    /// When to call ``trim(now:)``; nil if nothing is remembered.
    public var deadline: Instant? { self.times.first.map { $0.time.advanced(byNanoseconds: self.maxAge) } }

    /// The first answer to a message with this id.
    ///
    /// - Parameters:
    ///   - id: What the author calls the message.
    ///   - author: Who publishes; nil for all who are nobody in particular, and share their ids.
    ///   - fingerprint: A hash of what the message says, the same for the same. Without one, now or the first time, nothing
    ///     is compared: the id alone counts, whatever the message says.
    ///   - now: The time.
    /// - Returns: The position of the stored message; nil if the id is not remembered.
    /// - Throws: ``RealtimeError`` if the fingerprint is another one: the id is used for two messages.
    public mutating func answer(
        to id: MessageID, of author: MemberID?, fingerprint: UInt64? = nil, now: Instant
    ) throws(RealtimeError) -> Position? {
        self.trim(now: now)
        guard let answer = self.answers[Key(author: author, id: id)] else { return nil }
        if let fingerprint, let first = answer.fingerprint, fingerprint != first { throw RealtimeError(.otherBody) }
        return answer.position
    }

    /// Remembers where a message was stored. An id that is remembered already keeps its first answer, and its time.
    ///
    /// - Parameters:
    ///   - position: The position of the stored message.
    ///   - id: What the author calls the message.
    ///   - author: Who has published it.
    ///   - fingerprint: A hash of what it says.
    ///   - now: The time.
    public mutating func record(
        _ position: Position, for id: MessageID, of author: MemberID?, fingerprint: UInt64? = nil, now: Instant
    ) {
        self.trim(now: now)
        let key = Key(author: author, id: id)
        guard self.answers[key] == nil else { return }
        self.answers[key] = Answer(position: position, fingerprint: fingerprint)
        self.times.append((key, self.latestTime))
        self.trim(now: now)
    }

    /// Forgets what has become too old. Until then it takes memory, and nothing else.
    ///
    /// - Parameter now: The time.
    public mutating func trim(now: Instant) {
        self.latestTime = max(self.latestTime, now)
        while let oldest = self.times.first,
            self.times.count > max(0, self.limits.maxCount)
                || oldest.time.advanced(byNanoseconds: self.maxAge) <= self.latestTime
        {
            self.answers[oldest.key] = nil
            self.times.removeFirst()
        }
        // Both keep the memory of their largest time.
        if self.times.isEmpty {
            self.times = []
            self.answers = [:]
        }
    }

    /// Remembers more or less from now on.
    ///
    /// - Parameters:
    ///   - limits: The new limits.
    ///   - now: The time.
    public mutating func apply(_ limits: IdempotencyLimits, now: Instant) {
        self.limits = limits
        self.maxAge = limits.maxAge.clampedNanoseconds
        self.trim(now: now)
    }
}
