public import RealtimeCore
import Synchronization
import WebSocketNIO

extension RealtimeHub {
    /// Publishes a message in a room, for the application itself: its ``RealtimePermissions`` and rates are not asked.
    ///
    /// - Parameters:
    ///   - data: Any JSON, which is passed on byte for byte.
    ///   - room: The room, which comes into being if it is not there.
    ///   - key: What it is about; see ``SlowReaderPolicy/latestPerKey``.
    ///   - id: What the author calls it: publishing it again with the same one, within minutes, stores it once.
    ///   - author: Who says it.
    /// - Returns: Where it is stored.
    /// - Throws: ``RealtimeError`` if the room takes no such message; ``BrokerError`` if it is not known whether it was stored;
    ///   ``InvalidJSON``.
    @discardableResult
    public func publish(
        _ data: [UInt8], in room: RoomName, key: MessageKey? = nil, id: MessageID? = nil, author: MemberID? = nil
    ) async throws -> Position {
        guard (try? JSONText(checking: data)) != nil else { throw InvalidJSON() }
        let message = NewMessage(data: data, key: key, id: id, author: author)
        let outcome = try await withCheckedThrowingContinuation { continuation in
            self.broker.publish(message, in: room) { continuation.resume(with: $0) }
        }
        switch outcome {
        case .stored(let position), .repeated(let position): return position
        case .refused(let error): throw error
        }
    }

    /// Publishes what somebody asked for, within the room's rate.
    func publish(
        _ message: NewMessage, in room: RoomName,
        _ answer: @escaping @Sendable (Result<PublishOutcome, WireError>) -> Void
    ) {
        let policy = self.inUse(room)?.policy ?? self.configuration.policy(room)
        if let rate = policy.publishRate {
            let full = TokenBucket(rate: rate, burst: policy.publishBurst)
            guard self.roomRates.take(room, full: full, now: self.now.nanoseconds) else {
                return answer(.failure(WireError(.rateLimited, "too much is said in this room at once")))
            }
        }
        self.broker.publish(message, in: room) { result in
            answer(result.mapError { WireError($0) })
        }
    }

    /// The same for a task.
    func publish(_ message: NewMessage, in room: RoomName) async throws(WireError) -> PublishOutcome {
        let result = await withCheckedContinuation { continuation in
            self.publish(message, in: room) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}

/// What was to be published is no JSON.
public struct InvalidJSON: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line for people.
    public var description: String { "what is published must be JSON (RFC 8259)" }
    init() {}
}
