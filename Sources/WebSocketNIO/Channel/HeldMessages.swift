import NIOCore
import WebSocketCore

/// A message that waits.
struct HeldMessage {
    /// What one costs beside its bytes; empty messages must count as well.
    static let overhead = 64

    var opcode: Opcode
    var payload: ByteBuffer
    var compress: Bool
    var isDroppable: Bool
    var key: Int?
    /// One that goes to many: it is compressed once for all.
    var shared: SharedMessage?

    init(opcode: Opcode, payload: ByteBuffer, compress: Bool, isDroppable: Bool = false, key: Int? = nil) {
        (self.opcode, self.payload, self.compress) = (opcode, payload, compress)
        (self.isDroppable, self.key) = (isDroppable, key)
    }

    init(shared: SharedMessage, key: Int?) {
        self.init(
            opcode: shared.opcode, payload: shared.payload, compress: shared.compress, isDroppable: true, key: key)
        self.shared = shared
    }

    /// What it counts for.
    var size: Int { self.payload.readableBytes + HeldMessage.overhead }
}

/// Messages that wait, in their order.
struct HeldMessages {
    /// Nil where one was dropped, so that the others keep their places, until there are more of these than messages.
    private var messages = CircularBuffer<HeldMessage?>()
    /// The number of the first place.
    private var base = 0
    /// Where the message of a key waits.
    private var places: [Int: Int] = [:]
    /// Before this place, none can be dropped.
    private var firstDroppable = 0
    /// What they count for together.
    private(set) var bytes = 0
    /// How many wait.
    private(set) var count = 0
    /// How many places there are: twice as many as messages, and some.
    var placeCount: Int { self.messages.count }

    /// Whether none waits.
    var isEmpty: Bool { self.bytes == 0 }

    /// What the message of a key counts for.
    func size(of key: Int) -> Int? {
        self.places[key].flatMap { self.messages[offset: $0 - self.base]?.size }
    }

    mutating func append(_ message: HeldMessage) {
        if let key = message.key { self.places[key] = self.base + self.messages.count }
        self.messages.append(message)
        self.bytes += message.size
        self.count += 1
    }

    /// Puts a message in the place of the one with its key; false when there is none.
    mutating func replace(with message: HeldMessage) -> Bool {
        guard let key = message.key, let place = self.places[key] else { return false }
        self.bytes += message.size - (self.messages[offset: place - self.base]?.size ?? 0)
        self.messages[offset: place - self.base] = message
        return true
    }

    mutating func popFirst() -> HeldMessage? {
        while let first = self.messages.popFirst() {
            self.base += 1
            guard let first else { continue }
            if let key = first.key, self.places[key] == self.base - 1 { self.places[key] = nil }
            self.bytes -= first.size
            self.count -= 1
            return first
        }
        return nil
    }

    /// Drops the oldest, as far as that is allowed, until there are so many bytes less.
    ///
    /// - Parameters:
    ///   - count: How many bytes.
    ///   - key: Not the message of this key, which is about to be replaced.
    /// - Returns: How many were dropped.
    mutating func dropOldest(_ count: Int, except key: Int? = nil) -> Int {
        var (dropped, freed) = (0, 0)
        var place = Swift.max(self.firstDroppable, self.base)
        var isBehindKey = false
        while freed < count, place - self.base < self.messages.count {
            if let message = self.messages[offset: place - self.base], message.isDroppable {
                if let key, message.key == key {
                    isBehindKey = true
                } else {
                    self.messages[offset: place - self.base] = nil
                    if let key = message.key, self.places[key] == place { self.places[key] = nil }
                    self.bytes -= message.size
                    freed += message.size
                    dropped += 1
                    self.count -= 1
                }
            }
            place += 1
            // Those that were passed over cannot be dropped; the one of the key can, later.
            if !isBehindKey { self.firstDroppable = place }
        }
        while let first = self.messages.first, first == nil {
            self.messages.removeFirst()
            self.base += 1
        }
        if self.messages.count > 2 * self.count + 16 { self.closeGaps() }
        return dropped
    }

    /// Numbers the messages anew: behind one that cannot be dropped, any number of others can have come and gone. Costs at most as
    /// much as dropping them did.
    private mutating func closeGaps() {
        self.messages = CircularBuffer(self.messages.lazy.filter { $0 != nil })
        self.places.removeAll(keepingCapacity: true)
        for (offset, message) in self.messages.enumerated() {
            if let key = message?.key { self.places[key] = self.base + offset }
        }
        self.firstDroppable = self.base
    }
}

extension CircularBuffer {
    /// The element so many places behind the first.
    fileprivate subscript(offset offset: Int) -> Element {
        get { self[self.index(self.startIndex, offsetBy: offset)] }
        set { self[self.index(self.startIndex, offsetBy: offset)] = newValue }
    }
}
