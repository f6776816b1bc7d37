public import HTTPTypes
public import NIOCore
import Synchronization
public import WebSocketCore

/// An open WebSocket connection: the same handle on a server and on a client (RFC 6455).
///
/// Everything on it may be used from any thread or task. Messages are read by one task at a time, from ``messages`` or
/// ``chunks``; a connection that has a ``WebSocketHandler`` gets them there instead. Pings are answered, and the closing
/// handshake is done, on the event loop, whether or not anybody reads. When a reader falls behind by more than
/// ``WebSocketConfiguration/receiveBuffer``, the socket is not read until it catches up, and what stands behind those
/// messages on the wire (pings too) waits with them.
public final class WebSocketConnection: Sendable {
    /// What the opening handshake brought.
    public struct Handshake: Sendable {
        /// The request, as the client sent it.
        public var request: HTTPRequest
        /// The answer's head, where Set-Cookie may stand; nil on a server.
        public var response: HTTPResponse?
        /// The subprotocol agreed on, if any.
        public var subprotocol: String?
        /// The extensions agreed on.
        public var extensions: [WebSocketExtension]

        /// Makes a description of an opening handshake.
        public init(
            request: HTTPRequest, response: HTTPResponse? = nil, subprotocol: String? = nil,
            extensions: [WebSocketExtension] = []
        ) {
            self.request = request
            self.response = response
            self.subprotocol = subprotocol
            self.extensions = extensions
        }
    }

    /// This end's role.
    public let role: Role
    /// What the opening handshake brought.
    public let handshake: Handshake
    /// The peer's address; nil where the transport has none.
    public let peerAddress: SocketAddress?
    /// How it behaves.
    public var configuration: WebSocketConfiguration { self.handler.configuration }
    /// The event loop of the connection.
    public let eventLoop: any EventLoop

    let handler: WebSocketChannelHandler
    private let thread: UInt
    let queue: InboundQueue?
    private let state = Atomic<Int>(ReadyState.open.rawValue)
    /// Bytes that wait on the loop, and bytes that are on their way to it.
    private let buffered = Atomic<Int>(0)
    private let inTransit = Atomic<Int>(0)
    /// How many messages those are; some are empty.
    private let messagesInTransit = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)
    private let end = Mutex(End())

    private struct End: ~Copyable {
        var closure: Closure?
        var waiters: [UnsafeContinuation<Closure, Never>] = []
        var callbacks: [@Sendable (Closure) -> Void] = []
    }

    init(
        handler: WebSocketChannelHandler, queue: InboundQueue?, handshake: Handshake, peerAddress: SocketAddress?
    ) {
        self.role = handler.role
        self.handshake = handshake
        self.peerAddress = peerAddress
        self.eventLoop = handler.loop.eventLoop
        self.handler = handler
        self.thread = handler.loop.thread
        self.queue = queue
    }

    /// The handshake's request.
    public var request: HTTPRequest { self.handshake.request }
    /// The subprotocol agreed on, if any.
    public var subprotocol: String? { self.handshake.subprotocol }
    /// The extensions agreed on.
    public var extensions: [WebSocketExtension] { self.handshake.extensions }

    /// Where the connection stands; never ``ReadyState/connecting``, since there is no handle before it is open.
    public var readyState: ReadyState {
        ReadyState(rawValue: self.state.load(ordering: .acquiring)) ?? .closed
    }

    /// How many bytes of what was sent wait for the socket, frame headers included. It is exact on the event loop. Elsewhere
    /// it may be as of the last change that mattered: what a ``WebSocketHandler`` sends counts there only while more than
    /// ``WebSocketConfiguration/sendBuffer`` waits.
    public var bufferedAmount: Int {
        let waiting =
            self.isOnLoop ? self.handler.bufferedBytes : self.buffered.load(ordering: .relaxed)
        return waiting + self.inTransit.load(ordering: .relaxed)
    }

    /// How the connection ended: waits for the end. Cancelling the task does not end the wait, which is as long as the
    /// connection; ``close(code:reason:)`` and ``abort()`` end it.
    public var closed: Closure {
        get async {
            await withUnsafeContinuation { continuation in
                let closure = self.end.withLock { end in
                    if end.closure == nil { end.waiters.append(continuation) }
                    return end.closure
                }
                if let closure { continuation.resume(returning: closure) }
            }
        }
    }

    /// Calls the closure when the connection has ended, on whichever thread finds that out; at once if it has.
    package func whenClosed(_ callback: @escaping @Sendable (Closure) -> Void) {
        let closure = self.end.withLock { end in
            if end.closure == nil { end.callbacks.append(callback) }
            return end.closure
        }
        if let closure { callback(closure) }
    }

    /// How the connection ended; nil while it has not.
    public var closure: Closure? { self.end.withLock { $0.closure } }

    /// How many messages were dropped because the peer is too slow; see ``SlowConsumerPolicy``.
    public var droppedMessages: Int { self.dropped.load(ordering: .relaxed) }

    // MARK: For the driver

    func addDropped(_ count: Int = 1) {
        self.dropped.add(count, ordering: .relaxed)
    }

    /// Whether this is called on the connection's event loop.
    var isOnLoop: Bool {
        self.thread == 0 ? self.eventLoop.inEventLoop : self.thread == ThreadID.current
    }

    /// Closing was asked for: what is sent from now on is refused, before the event loop knows of it.
    func leaveOpen() {
        _ = self.state.compareExchange(
            expected: ReadyState.open.rawValue, desired: ReadyState.closing.rawValue, ordering: .acquiringAndReleasing)
    }

    func setState(_ state: ReadyState) {
        self.state.store(state.rawValue, ordering: .releasing)
    }

    /// Whether what is called now may be done at once: this is the event loop, and nothing that was sent before, from elsewhere, is
    /// still on its way here. It would be overtaken. So all members of a room that is told under a lock see the same order,
    /// whatever their loops are.
    var isNext: Bool {
        self.isOnLoop && self.messagesInTransit.load(ordering: .relaxed) == 0
    }

    func setBuffered(_ bytes: Int) {
        self.buffered.store(bytes, ordering: .relaxed)
    }

    /// How many bytes are on their way to the event loop.
    var inTransitBytes: Int { self.inTransit.load(ordering: .relaxed) }

    /// A message is on its way to the event loop.
    func setOut(_ bytes: Int) {
        self.inTransit.add(bytes, ordering: .relaxed)
        self.messagesInTransit.add(1, ordering: .relaxed)
    }

    /// A message that was on its way has come to the event loop.
    func arrived(_ bytes: Int) {
        self.inTransit.subtract(bytes, ordering: .relaxed)
        self.messagesInTransit.subtract(1, ordering: .relaxed)
    }

    func ended(_ closure: Closure) {
        self.setState(.closed)
        let (waiters, callbacks) = self.end.withLock { end in
            end.closure = closure
            defer { (end.waiters, end.callbacks) = ([], []) }
            return (end.waiters, end.callbacks)
        }
        for waiter in waiters { waiter.resume(returning: closure) }
        for callback in callbacks { callback(closure) }
    }

    /// Runs the closure on the event loop, behind what was sent before: at once when already there, as a rule.
    func onLoop(_ body: @escaping @Sendable (WebSocketChannelHandler) -> Void) {
        if self.isNext {
            body(self.handler)
        } else {
            self.eventLoop.execute { body(self.handler) }
        }
    }
}

extension WebSocketConnection: CustomStringConvertible {
    /// The role, the peer and the state, for logs.
    public var description: String {
        "WebSocketConnection(\(self.role), peer: \(self.peerAddress.map(String.init(describing:)) ?? "-"), \(self.readyState))"
    }
}
