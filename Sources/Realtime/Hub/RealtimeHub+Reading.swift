public import RealtimeCore
import Synchronization

extension RealtimeHub {
    /// Reads a room's log. It counts as reading for its ``RoomAudience``.
    ///
    /// - Parameters:
    ///   - room: The room, which need not be there.
    ///   - start: From where.
    ///   - limit: The most messages.
    ///   - maxBytes: The most bytes of messages; one is always read.
    /// - Throws: ``BrokerError`` if it cannot be read now.
    public func read(
        _ room: RoomName, from start: ReadingStart, limit: Int = .max, maxBytes: Int = .max
    ) async throws(BrokerError) -> Reading<Publication> {
        self.knownAudience(of: room)?.polled()
        return try await self.log(of: room, from: start, limit: limit, maxBytes: maxBytes)
    }

    /// The same for somebody who has the room in use.
    func log(
        of room: RoomName, from start: ReadingStart, limit: Int, maxBytes: Int
    ) async throws(BrokerError) -> Reading<Publication> {
        let result = await withCheckedContinuation { continuation in
            self.broker.read(room, from: start, limit: limit, maxBytes: maxBytes) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Reads a room's log behind a position, and waits until there is something: messages, or another epoch.
    ///
    /// - Throws: ``BrokerError`` if it cannot be read now; `CancellationError` when the task is cancelled.
    public func next(
        in room: RoomName, after position: Position, limit: Int = .max, maxBytes: Int = .max
    ) async throws -> Reading<Publication> {
        try await self.reader(of: room).reading(after: position, limit: limit, maxBytes: maxBytes)
    }

    /// A room, to be read as a sequence.
    public func room(_ name: RoomName) -> HubRoom { HubRoom(hub: self, name: name) }

    /// Who is in a room, in the order of joining, with how many there are.
    ///
    /// - Throws: ``BrokerError`` if that cannot be known now.
    public func members(
        of room: RoomName, limit: Int = RealtimeHub.maxListed
    ) async throws(BrokerError) -> (members: [Member<MemberInfo>], count: Int) {
        let result = await withCheckedContinuation { continuation in
            self.presence.members(of: room, limit: limit) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}

/// Waits for the next message of a room; begins when it is made.
final class TopicWait: Sendable {
    private enum State {
        case waiting(CheckedContinuation<Void, Never>?)
        case over
    }

    private let topic: Topic
    private let number: UInt64
    private let state = Mutex(State.waiting(nil))

    init(_ topic: Topic) {
        self.topic = topic
        self.number = topic.state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        topic.state.withLock { $0.waiters[self.number] = { self.end() } }
    }

    /// The wait is over: something came, or nobody waits any more.
    func end() {
        self.topic.state.withLock { $0.waiters[self.number] = nil }
        let continuation = self.state.withLock { state in
            defer { state = .over }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume()
    }

    /// Waits.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    func value() async throws {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = self.state.withLock { state in
                    guard case .waiting = state else { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            self.end()
        }
        try Task.checkCancellation()
    }
}

/// A room of a hub.
public struct HubRoom: Sendable {
    let hub: RealtimeHub
    /// Its name.
    public let name: RoomName

    /// Its messages from now on, or from a position. Each iterator reads by itself; one that is slow reads on from the log, and whoever must
    /// know of gaps reads by ``RealtimeHub/next(in:after:limit:maxBytes:)``.
    public func messages(from start: ReadingStart = .latest(0)) -> Messages {
        Messages(hub: self.hub, name: self.name, start: start)
    }

    /// Its messages from now on.
    public var messages: Messages { self.messages() }

    /// The messages of a room.
    public struct Messages: AsyncSequence, Sendable {
        let hub: RealtimeHub
        let name: RoomName
        let start: ReadingStart

        /// Reads them one after the other. Throws `BrokerError` when the room cannot be read, and `CancellationError`.
        public struct Iterator: AsyncIteratorProtocol {
            let sequence: Messages
            private var reader: RoomReader?
            private var position: Position?
            private var messages: ArraySlice<RoomMessage<Publication>> = []

            fileprivate init(_ sequence: Messages) {
                self.sequence = sequence
            }

            /// The next message; waits until there is one.
            public mutating func next() async throws -> RoomMessage<Publication>? {
                while true {
                    if let message = self.messages.popFirst() { return message }
                    let reading: Reading<Publication>
                    if let position, let reader {
                        reading = try await reader.reading(after: position, limit: Shard.readLimit, maxBytes: .max)
                    } else {
                        self.reader = try await self.sequence.hub.reader(of: self.sequence.name)
                        reading = try await self.sequence.hub.read(
                            self.sequence.name, from: self.sequence.start, limit: Shard.readLimit)
                    }
                    self.position = reading.position
                    self.messages = reading.messages[...]
                }
            }
        }

        /// A reader of its own.
        public func makeAsyncIterator() -> Iterator { Iterator(self) }
    }
}
