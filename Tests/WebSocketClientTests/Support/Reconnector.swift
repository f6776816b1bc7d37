import NIOPosix
import Synchronization
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

@testable import WebSocketClient

/// A ``ReconnectingWebSocket`` that runs, by a clock of its own, and what it tells.
struct Reconnector: Sendable {
    /// A state, as far as it can be compared.
    enum State: Sendable, Equatable {
        case connecting(Int)
        case connected
        case waiting
        case ended
    }

    let socket: ReconnectingWebSocket
    let clock: ManualClock
    let states: Mailbox<State>
    /// The errors because of which it waits.
    let reasons: Mailbox<any Error>
    /// What `run()` does.
    let run: Task<Void, any Error>

    typealias Prepare = @Sendable (inout ReconnectingWebSocket.Attempt) async throws -> Void

    /// Runs it for as long as the closure does.
    ///
    /// - Parameters:
    ///   - url: Where to.
    ///   - options: How.
    ///   - policy: When again.
    ///   - maxQueuedBytes: How many bytes may wait.
    ///   - prepare: Changes attempts.
    ///   - before: Is called before it runs.
    ///   - body: Uses it.
    static func with<T: Sendable>(
        _ url: String, options: DialOptions = DialOptions(), policy: ReconnectPolicy = ReconnectPolicy(),
        maxQueuedBytes: Int = ReconnectingWebSocket.defaultMaxQueuedBytes,
        prepare: @escaping Prepare = { _ in },
        before: (ReconnectingWebSocket) throws -> Void = { _ in },
        _ body: (Reconnector) async throws -> T
    ) async throws -> T {
        let clock = ManualClock()
        let states = Mailbox<State>()
        let reasons = Mailbox<any Error>()
        let socket = ReconnectingWebSocket(
            url, options: options, policy: policy, maxQueuedBytes: maxQueuedBytes,
            on: MultiThreadedEventLoopGroup.singleton, clock: clock,
            changed: { state in
                switch state {
                case .connecting(let attempt): states.post(.connecting(attempt))
                case .connected: states.post(.connected)
                case .waiting(_, let error):
                    reasons.post(error)
                    states.post(.waiting)
                case .ended: states.post(.ended)
                }
            }, prepare: prepare)
        try before(socket)
        let run = Task { try await socket.run() }
        defer { run.cancel() }
        return try await body(
            Reconnector(socket: socket, clock: clock, states: states, reasons: reasons, run: run))
    }

    /// The next states, so many.
    func next(_ count: Int) async -> [State] {
        var states: [State] = []
        while states.count < count, let state = await self.states.next() { states.append(state) }
        return states
    }

    /// Waits for a state, whatever comes before it.
    func reach(_ state: State) async {
        while let next = await self.states.next(), next != state {}
    }

    /// The next message.
    func read() async throws -> WebSocketMessage? {
        var messages = self.socket.messages.makeAsyncIterator()
        return try await messages.next()
    }

    /// The error that `run()` ends with; nil when there is none.
    func failure() async -> (any Error)? {
        if case .failure(let error) = await self.run.result { error } else { nil }
    }
}

extension RawServer {
    typealias Serve = @Sendable (RawConnection) async throws -> Void

    /// Runs a server that serves the first connection by the first closure, the second by the second and so on, and closes each
    /// behind it.
    static func with<T: Sendable>(
        _ serve: [Serve], _ body: (RawServer) async throws -> T
    ) async throws -> T {
        let left = Mutex(serve[...])
        return try await self.with(serve: { connection in
            let next = try #require(left.withLock { $0.popFirst() }, "a connection more than there should be")
            try await next(connection)
        }) { try await body($0) }
    }

    /// Ends the connection before the handshake: the attempt fails.
    static let fail: Serve = { _ = try await $0.readHead() }

    /// Accepts the handshake, and ends the connection.
    static let lose: Serve = { try await $0.acceptHandshake() }

    /// Accepts the handshake, and waits for the other end to end the connection.
    static let hold: Serve = { connection in
        try await connection.acceptHandshake()
        try await connection.finishClosing()
    }

    /// Accepts the handshake, sends frames, and ends the connection.
    static func send(_ frames: [UInt8]...) -> Serve {
        { try await $0.acceptHandshake(followedBy: frames.flatMap { $0 }) }
    }

    /// Refuses the handshake.
    static func refuse(_ status: String, _ fields: String...) -> Serve {
        { connection in
            _ = try await connection.readHead()
            let lines = ["HTTP/1.1 \(status)", "Content-Length: 0"] + fields + ["", ""]
            try await connection.send(lines.joined(separator: "\r\n"))
        }
    }
}
