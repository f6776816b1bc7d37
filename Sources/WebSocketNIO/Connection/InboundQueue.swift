import NIOCore
import Synchronization
import WebSocketCore

/// The messages of one connection on their way from its event loop to the task that reads them, bounded in bytes.
///
/// The loop appends what one wake-up brought with one lock. The bound's outcome is that the socket is not read any more.
final class InboundQueue: Sendable {
    /// What a queued piece costs beside its bytes: its place here, and the block its bytes lie in. Empty messages must
    /// count as well.
    static let overhead = 128
    /// How many places are kept when nothing is queued. One read of tiny messages can bring tens of thousands.
    static let keptPlaces = 64

    private struct State: ~Copyable {
        var chunks = CircularBuffer<WebSocketMessageChunk>()
        var bytes = 0
        var isFull = false
        var isBeingRead = false
        /// How many iterators there are: while there is one, somebody may go on reading.
        var readers = 0
        var reader: UnsafeContinuation<Void, Never>?
        var closure: Closure?
    }

    private let state = Mutex(State())
    /// The beginning of a message of which not all has arrived; kept here, so that a cancelled reader loses nothing. It is the
    /// reader's alone: large pieces are put together without holding up the event loop.
    private let partial = Mutex<WebSocketMessageChunk?>(nil)
    private let bound: Int

    init(bound: Int) {
        self.bound = bound
    }

    // MARK: The loop's side

    /// Appends what arrived.
    ///
    /// - Returns: Whether the bound is reached: the socket must not be read until the reader asks for more.
    func append(_ batch: [WebSocketMessageChunk]) -> Bool {
        let (reader, isFull) = self.state.withLock { state in
            for chunk in batch {
                state.bytes += chunk.bytes.readableBytes + InboundQueue.overhead
                state.chunks.append(chunk)
            }
            state.isFull = state.isFull || state.bytes >= self.bound
            return (state.reader.take(), state.isFull)
        }
        reader?.resume()
        return isFull
    }

    /// Nothing more comes.
    func finish(_ closure: Closure) {
        let reader = self.state.withLock { state in
            state.closure = closure
            return state.reader.take()
        }
        reader?.resume()
    }

    /// What is queued, for somebody else than a reader.
    func takeAll() -> [WebSocketMessageChunk] {
        let beginning = self.partial.withLock { $0.take() }
        return self.state.withLock { state in
            defer {
                state.chunks = CircularBuffer()
                state.bytes = 0
                state.isFull = false
            }
            return (beginning.map { [$0] } ?? []) + Array(state.chunks)
        }
    }

    // MARK: The reader's side

    /// Somebody who may read is there as long as this is held.
    final class Reader: Sendable {
        let connection: WebSocketConnection

        init(_ connection: WebSocketConnection) {
            self.connection = connection
            connection.queue?.state.withLock { $0.readers += 1 }
        }

        deinit {
            let isLast = self.connection.queue?.state.withLock { state in
                state.readers -= 1
                return state.readers == 0
            }
            if isLast == true { self.connection.readerLeft() }
        }
    }

    /// Whether somebody may read what is queued.
    var hasReader: Bool { self.state.withLock { $0.readers > 0 } }

    /// How many pieces are queued, and for how many there is a place.
    var count: Int { self.state.withLock { $0.chunks.count } }
    var places: Int { self.state.withLock { $0.chunks.capacity } }

    private enum Step {
        case chunk(WebSocketMessageChunk, becameFree: Bool)
        case ended(Closure)
        case mustWait
    }

    /// The next piece; nil when the connection has closed cleanly.
    ///
    /// - Parameter connection: Is told when the socket may be read again.
    /// - Throws: `CancellationError`, ``WebSocketError`` when the connection was lost or somebody else reads.
    func next(_ connection: WebSocketConnection) async throws -> WebSocketMessageChunk? {
        try self.beginReading()
        defer { self.endReading() }
        // What was collected for a message, whose reader then stopped, is its first piece.
        if let beginning = self.partial.withLock({ $0.take() }) { return beginning }
        return try await self.take(connection)
    }

    /// The next message, its pieces put together; nil when the connection has closed cleanly.
    func nextMessage(_ connection: WebSocketConnection) async throws -> WebSocketMessage? {
        try self.beginReading()
        defer { self.endReading() }
        while let chunk = try await self.take(connection) {
            if chunk.isFirst && chunk.isLast { return WebSocketMessage(chunk.bytes, as: chunk.kind) }
            let (whole, isTooLarge) = self.partial.withLock { partial in InboundQueue.extend(&partial, by: chunk) }
            if isTooLarge {
                connection.failTooLarge()
                throw WebSocketError(.messageTooLarge)
            }
            if let whole { return WebSocketMessage(whole.bytes, as: whole.kind) }
        }
        return nil
    }

    /// Adds a piece to what is there of its message. Where nothing is, because its beginning was taken as a piece, the rest
    /// counts as the message.
    ///
    /// - Returns: The message, when that was its last piece; and whether it became larger than a buffer.
    private static func extend(
        _ partial: inout WebSocketMessageChunk?, by chunk: WebSocketMessageChunk
    ) -> (WebSocketMessageChunk?, Bool) {
        if !chunk.isFirst, partial != nil {
            let size = partial!.bytes.readableBytes + chunk.bytes.readableBytes
            guard size <= WebSocketConfiguration.maxCollectedMessage else {
                partial = nil
                return (nil, true)
            }
            partial!.bytes.writeImmutableBuffer(chunk.bytes)
        } else {
            partial = chunk
        }
        return chunk.isLast ? (partial.take(), false) : (nil, false)
    }

    private func beginReading() throws {
        let isFree = self.state.withLock { state in
            defer { state.isBeingRead = true }
            return !state.isBeingRead
        }
        guard isFree else { throw WebSocketError(.alreadyBeingRead) }
    }

    private func endReading() {
        self.state.withLock { $0.isBeingRead = false }
    }

    private func take(_ connection: WebSocketConnection) async throws -> WebSocketMessageChunk? {
        while true {
            try Task.checkCancellation()
            let step = self.state.withLock { state -> Step in
                if let chunk = state.chunks.popFirst() {
                    if state.chunks.isEmpty, state.chunks.capacity > InboundQueue.keptPlaces {
                        state.chunks = CircularBuffer()
                    }
                    state.bytes -= chunk.bytes.readableBytes + InboundQueue.overhead
                    let becameFree = state.isFull && state.bytes <= self.bound / 2
                    if becameFree { state.isFull = false }
                    return .chunk(chunk, becameFree: becameFree)
                }
                return state.closure.map { .ended($0) } ?? .mustWait
            }
            switch step {
            case .chunk(let chunk, let becameFree):
                if becameFree { connection.resumeReading() }
                return chunk
            case .ended(let closure):
                guard closure.wasClean else { throw WebSocketError(.closed(closure)) }
                return nil
            case .mustWait:
                await self.wait()
            }
        }
    }

    /// Returns when there is something to see, or when the task is cancelled.
    private func wait() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let mustResume = self.state.withLock { state in
                    guard state.chunks.isEmpty && state.closure == nil && !Task.isCancelled else { return true }
                    state.reader = continuation
                    return false
                }
                if mustResume { continuation.resume() }
            }
        } onCancel: {
            let reader = self.state.withLock { $0.reader.take() }
            reader?.resume()
        }
    }
}
