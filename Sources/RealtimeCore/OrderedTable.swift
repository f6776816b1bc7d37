import DequeModule

/// A dictionary that also knows the order in which its keys came, and lets go of any of them at O(1), amortised.
///
/// Used where there is a first one (who has been away for longest) and anyone can leave (who is back). A place in the order
/// stays behind when its key leaves; such places go when they are the first, or all at once when they are more than half.
struct OrderedTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Slot: Sendable {
        var value: Value
        /// The place is this key's only if it has this ticket: the key may have left, and come back further behind.
        let ticket: UInt64
    }

    private struct Place: Sendable {
        let key: Key
        let ticket: UInt64
    }

    /// Up to so many places are not worth being cleared.
    private static var keptPlaces: Int { 32 }

    private var slots: [Key: Slot] = [:]
    /// In the order of their tickets. The first one is never left behind.
    private var places: Deque<Place> = []
    private var tickets: UInt64 = 0

    var count: Int { self.slots.count }
    /// How many places there are, those left behind included.
    var placeCount: Int { self.places.count }

    subscript(key: Key) -> Value? { self.slots[key]?.value }

    /// The key that came first of those that are there.
    var first: (key: Key, value: Value)? {
        guard let place = self.places.first, let slot = self.slots[place.key] else { return nil }
        return (place.key, slot.value)
    }

    /// Puts a key at the end. It must not be there.
    mutating func append(_ key: Key, _ value: Value) {
        self.tickets += 1
        let old = self.slots.updateValue(Slot(value: value, ticket: self.tickets), forKey: key)
        precondition(old == nil, "a key has one place")
        self.places.append(Place(key: key, ticket: self.tickets))
    }

    /// Changes a value in place; nil if the key is not there.
    mutating func modify<Result>(_ key: Key, _ change: (inout Value) -> Result) -> Result? {
        guard let index = self.slots.index(forKey: key) else { return nil }
        return change(&self.slots.values[index].value)
    }

    /// Lets a key go.
    @discardableResult
    mutating func remove(_ key: Key) -> Value? {
        guard let slot = self.slots.removeValue(forKey: key) else { return nil }
        if self.slots.isEmpty {
            // Both keep the memory of their largest time.
            self.slots = [:]
            self.places = []
            return slot.value
        }
        while let place = self.places.first, !self.isTaken(place) {
            self.places.removeFirst()
        }
        if self.places.count > Self.keptPlaces && self.places.count > 2 * self.slots.count {
            self.places = Deque(self.places.filter { self.isTaken($0) })
        }
        return slot.value
    }

    /// The first ones in their order, so many at most. It costs O(limit), and in the worst case as many steps more as there
    /// are keys.
    func prefix(_ limit: Int) -> [(key: Key, value: Value)] {
        var found: [(key: Key, value: Value)] = []
        guard limit > 0 else { return found }
        found.reserveCapacity(min(limit, self.count))
        for place in self.places {
            guard let slot = self.slots[place.key], slot.ticket == place.ticket else { continue }
            found.append((place.key, slot.value))
            if found.count == limit { break }
        }
        return found
    }

    private func isTaken(_ place: Place) -> Bool {
        self.slots[place.key]?.ticket == place.ticket
    }
}
