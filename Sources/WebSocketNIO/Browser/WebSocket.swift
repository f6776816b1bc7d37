public import NIOCore
import Synchronization
import WebSocketCore

/// The browser's `WebSocket`, by the rules of the WebSockets standard (websockets.spec.whatwg.org).
///
///     let ws = try WebSocket("ws://localhost:3000/chat", protocols: ["chat.v2", "chat.v1"])
///     ws.onopen = { _ in try? ws.send("hello") }
///     ws.onmessage = { event in print(event.data) }
///     ws.onerror = { event in print(event.error) }
///     ws.onclose = { event in print(event.code, event.reason, event.wasClean) }
///
/// Its methods and properties may be used from any thread. Handlers are called on the connection's event loop, one after the
/// other, in the standard's order; they must not block. What a handler sends leaves when it returns.
///
/// Nothing is missed by a handler that is set after the WebSocket was made, from whichever thread: each kind of event waits for
/// its first handler. When messages beyond ``WebSocketConfiguration/receiveBuffer`` wait, nothing is read; if a second after the
/// first handler for something else there is none for messages, they are dropped. So set handlers in the order open, message,
/// error, close, or together on ``eventLoop``, where the order does not matter.
///
/// It differs from the browser's where Swift does: a closure has no identity, so ``addEventListener(_:once:_:)`` returns what
/// ``removeEventListener(_:)`` takes; and ``ErrorEvent/error`` says what went wrong.
///
/// There is no back pressure in this API: ``send(_:)-(String)`` returns at once, and when more than
/// ``WebSocketConfiguration/maxSendBuffer`` waits, the connection is failed, as the standard says. `WebSocketStream` and
/// ``WebSocketConnection`` wait instead.
public final class WebSocket: Sendable {
    /// The opening handshake is under way: 0.
    public static let CONNECTING = ReadyState.connecting
    /// Messages go both ways: 1.
    public static let OPEN = ReadyState.open
    /// The closing handshake is under way: 2.
    public static let CLOSING = ReadyState.closing
    /// The connection is closed, or did not come about: 3.
    public static let CLOSED = ReadyState.closed

    /// What any thread may ask.
    struct Shared: ~Copyable {
        var readyState = ReadyState.connecting
        var connection: WebSocketConnection?
        var subprotocol = ""
        var extensions = ""
        var binaryType = BinaryType.blob
        var handlers = EventHandlers()
        /// Payload bytes on their way to the loop, those that wait there, and those that came too late and go nowhere.
        var inTransit = 0
        var waiting = 0
        var dropped = 0
        /// Gives the attempt to connect up.
        var giveUp: (@Sendable () -> Void)?
        /// That was asked for, perhaps before it was known how.
        var isGivenUp = false
    }

    /// What belongs to the event loop.
    final class OnLoop {
        var handlers = EventHandlers()
        /// How often they have changed.
        var changes: UInt = 0
        /// What waits for its first handler.
        var kept = KeptEvents()
        /// Whether a message can be told as it arrives; beside `kept`, to be looked at once a message.
        var isDirect = false
        var graceTask: Scheduled<Void>?
        /// Why this end fails the connection, when that is not the driver's decision.
        var failure: (any Error)?
        var isClosed = false
        /// Whether the last event was told.
        var isOver = false
    }

    /// The address, as the URL standard writes it; "" on a server.
    public let url: String
    /// The event loop on which handlers are called.
    public let eventLoop: any EventLoop
    let origin: String
    let maxSendBuffer: Int
    let shared = Mutex(Shared())
    nonisolated(unsafe) let onLoop = OnLoop()

    /// A WebSocket that is connecting.
    ///
    /// - Parameters:
    ///   - url: The address, as the URL standard writes it.
    ///   - origin: Its origin.
    ///   - eventLoop: Where it is going to live.
    ///   - maxSendBuffer: How many bytes may wait.
    package init(url: String, origin: String, on eventLoop: any EventLoop, maxSendBuffer: Int) {
        self.url = url
        self.origin = origin
        self.eventLoop = eventLoop
        self.maxSendBuffer = maxSendBuffer
    }

    /// Where the connection stands.
    public var readyState: ReadyState {
        self.shared.withLock { shared in
            // The driver knows first that the peer closes.
            if shared.readyState == .open, let connection = shared.connection, connection.readyState != .open {
                return .closing
            }
            return shared.readyState
        }
    }

    /// The subprotocol that the server chose; "" before, or when it chose none.
    public var `protocol`: String { self.shared.withLock { $0.subprotocol } }

    /// The extensions that were agreed on, as in the header field; "" before, or when there are none.
    public var extensions: String { self.shared.withLock { $0.extensions } }

    /// What a binary message is handed on as. The default is ``BinaryType/blob``.
    public var binaryType: BinaryType {
        get { self.shared.withLock { $0.binaryType } }
        set { self.shared.withLock { $0.binaryType = newValue } }
    }

    /// How many bytes of payload (UTF-8 for text) were sent and have not been taken by the network. It grows within `send`, also
    /// when the connection is closing or closed and the message goes nowhere; it is not reset at the end.
    public var bufferedAmount: Int {
        self.shared.withLock { $0.inTransit + $0.waiting + $0.dropped }
    }

    /// Runs the closure on the event loop: at once when already there.
    func run(_ body: @escaping @Sendable () -> Void) {
        if self.eventLoop.inEventLoop { body() } else { self.eventLoop.execute(body) }
    }
}

/// What a binary message is handed on as (WebSockets standard, section 3.1).
public enum BinaryType: String, Sendable, Hashable {
    /// A ``Blob``.
    case blob
    /// The bytes themselves.
    case arrayBuffer = "arraybuffer"
}

extension WebSocket: CustomStringConvertible {
    /// The origin and the state, for logs; the address may hold a password.
    public var description: String { "WebSocket(\(self.origin), \(self.readyState))" }
}
