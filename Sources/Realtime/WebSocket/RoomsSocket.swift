import NIOCore
import RealtimeCore
import WebSocketCore
import WebSocketNIO

/// A WebSocket that speaks `duplex.v1`. It belongs to its event loop.
final class RoomsSocket: WebSocketHandler, HubConnection {
    private let hub: RealtimeHub
    private let loops: NIOHubLoop.All
    private let identity: Identity
    private let session: SessionID?
    private let socket: WebSocketConnection
    /// It and this hold each other until the connection is gone.
    private var client: HubClient?

    init(
        _ socket: WebSocketConnection, of hub: RealtimeHub, _ loops: NIOHubLoop.All, as identity: Identity,
        session: SessionID?
    ) {
        (self.hub, self.loops, self.identity, self.session, self.socket) = (hub, loops, identity, session, socket)
    }

    // MARK: WebSocketHandler

    func opened(_ connection: WebSocketConnection) {
        self.client = self.hub.connect(
            self, on: self.loops.loop(of: connection.eventLoop), as: self.identity, session: self.session)
    }

    func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
        guard kind == .text else {
            try? connection.startClosing(code: .unsupportedData, reason: "\(ClientRequest.subprotocol) is text")
            return
        }
        self.client?.received(bytes.readableBytesUInt8Span)
    }

    func drained(_ connection: WebSocketConnection) { self.client?.drained() }

    func closed(_ connection: WebSocketConnection, _ closure: Closure) {
        self.client?.closed()
        self.client = nil
    }

    // MARK: HubConnection

    func send(_ messages: OutgoingMessages) -> HubSendResult {
        let prepared: LoopMessage
        if let found = messages.prepared {
            // Only connections of this loop have prepared it, and all of these are of this type.
            prepared = unsafeDowncast(found, to: LoopMessage.self)
        } else {
            prepared = LoopMessage(messages.texts)
            messages.prepared = prepared
        }
        return switch prepared.send(to: self.socket, isLast: messages.isLast) {
        case .sent: .sent
        case .slow: .slow
        case .full, .dropped: .full
        case .closed: .closed
        }
    }

    func close(code: UInt16, reason: String) {
        try? self.socket.startClosing(code: CloseCode(rawValue: code), reason: reason)
    }
}
