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
}
