import RealtimeCore
import Synchronization

/// Reads a room's log for somebody who waits for what comes, and can be woken while it waits. The room is in use for as long as
/// there is the reader: subscribing for each message would cost a broker that is elsewhere two requests.
///
/// One task reads; any thread may wake it.
final class RoomReader: Sendable {
    /// What has ended the waiting.
    enum Outcome: Sendable {
        /// There are messages, or history is not what it was.
        case reading(Reading<Publication>)
        /// Somebody has called ``RoomReader/wake()`` since the last time.
        case woken
        /// Somebody has called ``RoomReader/end()``.
        case ended
    }

    private struct State: ~Copyable {
        var wait: TopicWait?
        var isWoken = false
        var isEnded = false
    }

    private let hub: RealtimeHub
    private let topic: Topic
    private let state = Mutex(State())

    /// Takes a room into use; ``RealtimeHub/reader(of:)`` also subscribes to it.
    init(_ hub: RealtimeHub, _ room: RoomName) {
        self.hub = hub
        self.topic = hub.acquire(room)
    }

    deinit { self.hub.release(self.topic) }

    /// How the room is treated.
    var policy: RoomPolicy { self.topic.policy }

    /// What the room's streams write.
    var encodings: StreamEncodings { self.topic.encodings }

    /// Reads behind a position, and waits until there is something, or somebody wakes it. Being woken comes first, so that
    /// messages without an end do not keep it back.
    ///
    /// - Throws: ``BrokerError`` if the room cannot be read now; `CancellationError` when the task is cancelled.
    func next(after position: Position, limit: Int, maxBytes: Int) async throws -> Outcome {
        while true {
            // Before it reads, so that nothing is stored between that and waiting.
            let wait = TopicWait(self.topic)
            defer { wait.end() }
            let outcome = self.state.withLock { state -> Outcome? in
                if state.isEnded { return .ended }
                defer { state.isWoken = false }
                if state.isWoken { return .woken }
                state.wait = wait
                return nil
            }
            if let outcome { return outcome }
            let reading = try await self.hub.log(
                of: self.topic.name, from: .after(position), limit: limit, maxBytes: maxBytes)
            if !reading.messages.isEmpty || !reading.recovered { return .reading(reading) }
            try await wait.value()
        }
    }

    /// The same for a reader that nobody wakes or ends.
    func reading(after position: Position, limit: Int, maxBytes: Int) async throws -> Reading<Publication> {
        guard case .reading(let reading) = try await self.next(after: position, limit: limit, maxBytes: maxBytes)
        else { preconditionFailure("somebody else has this reader, too") }
        return reading
    }

    /// Ends the waiting, now or the next time, once.
    func wake() {
        let wait = self.state.withLock { state in
            state.isWoken = true
            return state.wait
        }
        wait?.end()
    }

    /// Ends the waiting for good.
    func end() {
        let wait = self.state.withLock { state in
            state.isEnded = true
            return state.wait
        }
        wait?.end()
    }

    /// Whether ``end()`` was called.
    var isEnded: Bool { self.state.withLock { $0.isEnded } }
}
