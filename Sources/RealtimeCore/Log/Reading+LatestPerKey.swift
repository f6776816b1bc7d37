extension Reading {
    /// The same stretch with only the newest message of each key, for a reader that is too slow for all of them. Messages
    /// without a key all stay. ``position`` is as before: what was left out does not come again.
    ///
    /// It costs O(messages). Where all keys have to be caught up on, read without a limit first.
    public func latestPerKey() -> Reading {
        var keys: Set<MessageKey> = []
        var newest: [RoomMessage<Body>] = []
        for message in self.messages.reversed() {
            if let key = message.key, !keys.insert(key).inserted { continue }
            newest.append(message)
        }
        guard newest.count < self.messages.count else { return self }
        newest.reverse()
        return Reading(
            messages: newest, start: self.start, position: self.position, latest: self.latest,
            recovered: self.recovered, skipped: self.skipped + self.messages.count - newest.count)
    }

    /// Of the messages only the newest; ``start`` is then before the first of these.
    public func newest(_ count: Int) -> Reading {
        guard count < self.messages.count else { return self }
        let kept = Array(self.messages.suffix(max(0, count)))
        let start = kept.first.map { Position(epoch: self.position.epoch, offset: $0.offset - 1) } ?? self.position
        return Reading(
            messages: kept, start: start, position: self.position, latest: self.latest, recovered: self.recovered,
            skipped: Int(self.position.offset - start.offset) - kept.count)
    }

    /// The same, and of it only the first messages; ``position`` is then the last of these. What is behind it is read on from there.
    ///
    /// - Parameters:
    ///   - limit: The most messages.
    ///   - maxBytes: The most bytes of messages; one always stays.
    public func latestPerKey(limit: Int, maxBytes: Int) -> Reading {
        let all = self.latestPerKey()
        var (count, bytes) = (0, 0)
        for message in all.messages.prefix(limit) {
            bytes += message.size
            if count > 0, bytes > maxBytes { break }
            count += 1
        }
        guard count < all.messages.count else { return all }
        let position =
            count > 0 ? Position(epoch: self.position.epoch, offset: all.messages[count - 1].offset) : self.start
        let skipped = count > 0 ? Int(position.offset - self.start.offset) - count : 0
        return Reading(
            messages: Array(all.messages.prefix(count)), start: self.start, position: position, latest: self.latest,
            recovered: self.recovered, skipped: max(0, skipped))
    }
}
