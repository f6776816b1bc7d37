import HTTPTypes
public import NIOCore
public import NIOPosix
import Synchronization
public import WebSocketCore
public import WebSocketNIO

/// A WebSocket that connects again when it was lost.
///
///     let socket = ReconnectingWebSocket("wss://example.com/feed") { attempt in
///         attempt.options.fields[.authorization] = "Bearer \(try await freshToken())"
///     }
///     try await withThrowingTaskGroup { group in
///         group.addTask { try await socket.run() }
///         for try await message in socket.messages { print(message) }
///     }
///
/// ``run()`` does the work, and lives as long as the WebSocket. What is sent while it is down waits, up to ``maxQueuedBytes``,
/// and goes out first when it is up again; more is refused. What was handed to the network when the connection broke may or
/// may not have arrived: only an answer of the peer could tell.
public final class ReconnectingWebSocket: Sendable {
    /// The default of ``maxQueuedBytes``: 1 MiB.
    public static let defaultMaxQueuedBytes = 1 << 20
    /// What a message that waits costs beside its bytes; empty ones must count as well.
    static let messageOverhead = 64

    /// One attempt to connect, which may be changed before it is made.
    public struct Attempt: Sendable {
        /// The number of the attempt. It counts from the one that led to the last stable connection, which is 1 then, or from
        /// the first.
        public let number: Int
        /// Where to.
        public var url: String
        /// How.
        public var options: DialOptions
    }

    /// Where it stands.
    public enum State: Sendable {
        /// An attempt is being made.
        case connecting(attempt: Int)
        /// It is up.
        case connected(WebSocketConnection)
        /// It is down, and waits before the next attempt.
        case waiting(Duration, because: any Error)
        /// It does not come back: ``ReconnectingWebSocket/close(code:reason:)`` was called, the policy says so, or the task of
        /// ``ReconnectingWebSocket/run()`` was cancelled.
        case ended
    }

    struct Inner: ~Copyable {
        var state = State.connecting(attempt: 1)
        /// Counts connections, so that a reader knows a new one.
        var generation = 0
        var connection: WebSocketConnection?
        /// The last connection, even if it is gone: a reader takes what has arrived on it.
        var latest: WebSocketConnection?
        var queued: [WebSocketMessage] = []
        var queuedBytes = 0
        var isClosing: (code: CloseCode, reason: String)?
        var hasEnded = false
        var failure: (any Error)?
        var readers: [UInt64: UnsafeContinuation<Void, Never>] = [:]
        var lastReader: UInt64 = 0
        /// Breaks off an attempt, or the wait for one.
        var breakOff: (@Sendable () -> Void)?
    }

    /// Where to.
    public let url: String
    /// When it connects again.
    public let policy: ReconnectPolicy
    /// How many bytes of messages may wait while it is down; each counts for 64 more. Default ``defaultMaxQueuedBytes``,
    /// and never more than the connection's `maxSendBuffer`.
    public let maxQueuedBytes: Int
    private let options: DialOptions
    private let group: any EventLoopGroup
    private let clock: any Clock<Duration>
    private let prepare: @Sendable (inout Attempt) async throws -> Void
    private let changed: @Sendable (State) -> Void
    let inner = Mutex(Inner())

    /// Makes a WebSocket that connects once ``run()`` is called.
    ///
    /// - Parameters:
    ///   - url: ws://… or wss://…
    ///   - options: How to connect.
    ///   - policy: When to connect again.
    ///   - maxQueuedBytes: How many bytes may wait while it is down.
    ///   - group: The event loops to run on.
    ///   - changed: Is told of each new state, by ``run()``'s task.
    ///   - prepare: May change each attempt before it is made: a fresh token, another address. What it throws counts as a failed
    ///     attempt.
    public convenience init(
        _ url: String, options: DialOptions = DialOptions(), policy: ReconnectPolicy = ReconnectPolicy(),
        maxQueuedBytes: Int = ReconnectingWebSocket.defaultMaxQueuedBytes,
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        changed: @escaping @Sendable (State) -> Void = { _ in },
        prepare: @escaping @Sendable (inout Attempt) async throws -> Void = { _ in }
    ) {
        self.init(
            url, options: options, policy: policy, maxQueuedBytes: maxQueuedBytes, on: group, clock: ContinuousClock(),
            changed: changed, prepare: prepare)
    }

    init(
        _ url: String, options: DialOptions, policy: ReconnectPolicy, maxQueuedBytes: Int, on group: any EventLoopGroup,
        clock: any Clock<Duration>, changed: @escaping @Sendable (State) -> Void,
        prepare: @escaping @Sendable (inout Attempt) async throws -> Void
    ) {
        self.url = url
        self.options = options
        self.policy = policy
        // All of it goes to a new connection at once, which has to have room for it.
        self.maxQueuedBytes = Swift.min(maxQueuedBytes, options.configuration.maxSendBuffer)
        self.group = group
        self.clock = clock
        self.changed = changed
        self.prepare = prepare
    }

    /// Where it stands.
    public var state: State { self.inner.withLock { $0.state } }

    /// The connection, while it is up.
    public var connection: WebSocketConnection? { self.inner.withLock { $0.connection } }

    // MARK: Running

    /// Connects, and connects again, until it is closed, the policy says that it is enough, or the task is cancelled, which
    /// closes with 1001. To be called once.
    ///
    /// - Throws: Why it does not come back, unless it was closed: ``DialError``, `WebSocketError`; `CancellationError`.
    public func run() async throws {
        defer { self.end() }
        do {
            try await self.keepConnecting()
        } catch {
            self.inner.withLock { $0.failure = error }
            throw error
        }
    }

    private func keepConnecting() async throws {
        var backoff = Backoff(self.policy)
        var random = SystemRandomNumberGenerator()
        while !self.isClosing {
            let failure: any Error
            var least: Duration?
            self.change(.connecting(attempt: backoff.failures + 1))
            do {
                let attempt = Attempt(number: backoff.failures + 1, url: self.url, options: self.options)
                let connection = try await self.breakable { try await self.make(attempt) }
                let (closure, duration) = await self.hold(connection)
                backoff.ended(after: duration)
                if self.isClosing { return }
                try Task.checkCancellation()
                let ended = WebSocketError(.closed(closure))
                if self.policy.isTerminal(closure) { throw Terminal(ended) }
                least = closure.reconnectAfter
                failure = ended
            } catch let error as Terminal {
                throw error.error
            } catch {
                // A cancelled task's errors are all due to that.
                if self.isClosing { return }
                try Task.checkCancellation()
                if let error = error as? DialError {
                    if self.policy.isTerminal(error) { throw error }
                    least = error.refusal?.retryAfter
                }
                failure = error
            }
            guard let delay = backoff.next(least: least, using: &random) else { throw failure }
            self.change(.waiting(delay, because: failure))
            let clock = self.clock
            try? await self.breakable { try await clock.sleep(for: delay) }
            try Task.checkCancellation()
        }
    }

    private func make(_ attempt: Attempt) async throws -> WebSocketConnection {
        var attempt = attempt
        try await self.prepare(&attempt)
        // What waits has to fit, whatever became of the options.
        attempt.options.configuration.maxSendBuffer = Swift.max(
            attempt.options.configuration.maxSendBuffer, self.maxQueuedBytes)
        return try await WebSocketClient.connect(to: attempt.url, options: attempt.options, on: self.group)
    }

    /// Does what ``close(code:reason:)`` breaks off, as the task's cancellation does.
    private func breakable<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let task = Task { try await body() }
        let isClosing = self.inner.withLock { inner in
            inner.breakOff = { task.cancel() }
            return inner.isClosing != nil
        }
        if isClosing { task.cancel() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private struct Terminal: Error {
        let error: any Error

        init(_ error: any Error) {
            self.error = error
        }
    }

    /// Uses a connection until it ends.
    private func hold(_ connection: WebSocketConnection) async -> (Closure, Duration) {
        let measure = Stopwatch(self.clock)
        // Told first, so that it is known before a message of it can be.
        self.change(.connected(connection))
        let closing = self.inner.withLock { inner -> (code: CloseCode, reason: String)? in
            // Under the lock, so that nothing overtakes what has waited. It does not wait: there is room, since nothing waits.
            // Where it is closing again already, the rest waits for the next one.
            let sent = inner.queued.prefix { [.sent, .slow].contains(connection.trySend($0)) }
            inner.queuedBytes -= sent.reduce(0) { $0 + $1.queuedSize }
            inner.queued.removeFirst(sent.count)
            inner.connection = connection
            inner.latest = connection
            inner.generation += 1
            return inner.isClosing
        }
        self.wakeReaders()
        if let closing { try? connection.startClosing(code: closing.code, reason: closing.reason) }
        let closure = await withTaskCancellationHandler {
            await connection.closed
        } onCancel: {
            try? connection.startClosing(code: .goingAway)
        }
        self.inner.withLock { $0.connection = nil }
        return (closure, measure.elapsed)
    }

    private var isClosing: Bool { self.inner.withLock { $0.isClosing != nil } }

    private func change(_ state: State) {
        self.inner.withLock { $0.state = state }
        self.changed(state)
        self.wakeReaders()
    }

    private func wakeReaders() {
        let readers = self.inner.withLock { inner in
            defer { inner.readers = [:] }
            return inner.readers
        }
        for reader in readers.values { reader.resume() }
    }

    private func end() {
        self.inner.withLock { $0.hasEnded = true }
        self.change(.ended)
    }

    // MARK: Sending and closing

    /// How many bytes of messages wait for a connection; each message counts for 64 more. What still waits when it does not come
    /// back is not sent.
    public var queuedBytes: Int { self.inner.withLock { $0.queuedBytes } }

    /// Sends a message, or lets it wait while there is no connection.
    ///
    /// - Returns: ``WebSocketNIO/SendResult/sent`` or ``WebSocketNIO/SendResult/slow`` when it is on its way or waits;
    ///   ``WebSocketNIO/SendResult/full`` when too much waits, ``WebSocketNIO/SendResult/closed`` when there will be no
    ///   connection any more: then it is not sent.
    @discardableResult
    public func trySend(_ message: WebSocketMessage) -> SendResult {
        self.inner.withLock { inner in
            if inner.hasEnded || inner.isClosing != nil { return .closed }
            if let connection = inner.connection, inner.queued.isEmpty {
                let result = connection.trySend(message)
                // It is closing already, and another one will follow.
                if result != .closed { return result }
            }
            let size = message.queuedSize
            guard inner.queuedBytes + size <= self.maxQueuedBytes else { return .full }
            inner.queued.append(message)
            inner.queuedBytes += size
            return .slow
        }
    }

    /// Sends a message; waits while the peer is slow, and not while it is down.
    ///
    /// - Throws: `WebSocketError` when too much waits, or there will be no connection any more: then it is not sent.
    public func send(_ message: WebSocketMessage) async throws {
        let connection = self.connection
        switch self.trySend(message) {
        case .sent: break
        // If the connection is lost meanwhile, this one was handed over all the same.
        case .slow: try? await connection?.waitForRoom()
        case .full, .dropped:
            // While it is up it is the peer that is slow: that is waited for.
            guard let connection else { throw WebSocketError(.sendBufferFull(self.maxQueuedBytes)) }
            try await connection.send(message)
        case .closed: throw WebSocketError(.closed(nil))
        }
    }

    /// Closes the connection, or gives up getting one; it does not come back. ``run()`` returns when that is done. What was sent
    /// before on the connection still goes out; what waits for one does not.
    ///
    /// - Parameters:
    ///   - code: One that may be sent.
    ///   - reason: At most 123 bytes of UTF-8.
    /// - Throws: `ProtocolError` when the code or the reason may not be sent; then nothing happens.
    public func close(code: CloseCode = .normalClosure, reason: String = "") throws(ProtocolError) {
        _ = try CloseFrame(code: code, reason: reason)
        let (connection, breakOff) = self.inner.withLock { inner in
            if inner.isClosing == nil { inner.isClosing = (code, reason) }
            return (inner.connection, inner.breakOff)
        }
        breakOff?()
        try connection?.startClosing(code: code, reason: reason)
    }
}

/// Measures by any clock.
private struct Stopwatch {
    private let measure: () -> Duration

    init(_ clock: some Clock<Duration>) {
        let start = clock.now
        self.measure = { start.duration(to: clock.now) }
    }

    var elapsed: Duration { self.measure() }
}

extension WebSocketMessage {
    fileprivate var queuedSize: Int {
        let count =
            switch self {
            case .text(let text): text.utf8.count
            case .binary(let bytes): bytes.readableBytes
            }
        return count + ReconnectingWebSocket.messageOverhead
    }
}

extension DialError.Refusal {
    /// After how many seconds the server wants to be asked again (RFC 9110, section 10.2.3); a date is not looked at.
    package var retryAfter: Duration? {
        self.response.headerFields[.retryAfter].flatMap { Int($0) }.map { .seconds(Swift.min(Swift.max($0, 0), 3600)) }
    }
}
