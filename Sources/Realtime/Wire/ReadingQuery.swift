package import RealtimeCore

/// What the query of streaming and polling says, and the field `Last-Event-ID`.
package struct ReadingQuery: Hashable, Sendable {
    /// The messages of a polling answer unless `limit` says otherwise: 100, a screen or two.
    package static let defaultLimit = 100
    /// The most messages of a polling answer: 1,000, a room's whole history by default.
    package static let maxLimit = 1000
    /// The longest `wait` in seconds: 55. Many proxies end a request that is silent for a minute.
    package static let maxWait = 55

    /// The position behind which to read.
    package let position: Position?
    /// How many of the newest messages to read, where there is no position.
    package let history: Int?
    /// The most messages of the answer.
    package let limit: Int
    /// For how many seconds an answer without messages may be held; 0 not to wait.
    package let wait: Int
    /// Whether only the newest message of each key is wanted.
    package let latest: Bool
    /// The session whose position counts where there is none.
    package let session: SessionID?

    /// Reads the query's values, with percent-encoding undone; nil for those that are not there.
    ///
    /// - Parameter lastEventID: The content of the field. It counts more than `after` and `epoch`; empty it is as if it were
    ///   not there.
    /// - Throws: ``WireError`` for the first that is none, or is too large. Numbers are digits only.
    package init(
        after: String? = nil, epoch: String? = nil, history: String? = nil, limit: String? = nil, wait: String? = nil,
        latest: String? = nil, session: String? = nil, lastEventID: String? = nil
    ) throws(WireError) {
        self.history = try ReadingQuery.number(history, "history", max: .max)
        self.limit = try ReadingQuery.number(limit, "limit", max: ReadingQuery.maxLimit) ?? ReadingQuery.defaultLimit
        self.wait = try ReadingQuery.number(wait, "wait", max: ReadingQuery.maxWait) ?? 0
        self.latest = try ReadingQuery.number(latest, "latest", max: 1) == 1
        let position = try ReadingQuery.position(after: after, epoch: epoch)
        do throws(RealtimeError) {
            self.session = try session.map { (text) throws(RealtimeError) in try SessionID(parsing: text) }
            if let lastEventID, !lastEventID.isEmpty {
                self.position = try Position(parsing: lastEventID)
            } else {
                self.position = position
            }
        } catch {
            throw WireError(error)
        }
    }

    /// From where to read: behind the position, or the newest messages: as many as `history` says, or else this many.
    package func start(orLatest count: Int) -> ReadingStart {
        self.position.map { .after($0) } ?? .latest(self.history ?? count)
    }

    private static func position(after: String?, epoch: String?) throws(WireError) -> Position? {
        switch (after, epoch) {
        case (nil, nil): return nil
        case (_?, nil): throw WireError(.invalidPosition, "'after' needs 'epoch'")
        case (nil, _?): throw WireError(.invalidPosition, "'epoch' needs 'after'")
        case (let after?, let epoch?):
            do throws(RealtimeError) {
                return try Position(parsingEpoch: epoch, offset: after)
            } catch {
                throw WireError(error)
            }
        }
    }

    /// Digits only, without leading zeros.
    private static func number(_ text: String?, _ name: StaticString, max: Int) throws(WireError) -> Int? {
        guard let text else { return nil }
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
        let isShortest = text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0")
        guard isNumber, isShortest, let number = Int(text), number <= max else {
            let range = max == .max ? "from 0 on" : "from 0 to \(max)"
            throw WireError(.invalidRequest, "'\(name)' must be a whole number \(range)")
        }
        return number
    }
}
