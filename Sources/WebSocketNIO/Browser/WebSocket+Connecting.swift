import NIOCore
import Synchronization
import WebSocketCore

extension WebSocket {
    /// Keeps how to give the attempt to connect up, and does so when that was asked for already.
    package func connecting(giveUp: @escaping @Sendable () -> Void) {
        let isGivenUp = self.shared.withLock { shared in
            if shared.readyState == .connecting { shared.giveUp = giveUp }
            return shared.readyState != .connecting
        }
        if isGivenUp { giveUp() }
    }

    /// The connection is there. On its event loop.
    ///
    /// - Returns: What hears of everything that happens on it.
    package func connected(_ connection: WebSocketConnection) -> any WebSocketHandler { Adapter(self) }

    /// Tells a WebSocket what happens on its connection.
    struct Adapter: WebSocketHandler {
        let ws: WebSocket

        init(_ ws: WebSocket) {
            self.ws = ws
        }

        func opened(_ connection: WebSocketConnection) {
            let isWanted = self.ws.shared.withLock { shared in
                shared.connection = connection
                guard shared.readyState == .connecting else { return false }
                shared.readyState = .open
                shared.subprotocol = connection.subprotocol ?? ""
                shared.extensions = WebSocketExtension.serialize(connection.extensions)
                shared.giveUp = nil
                return true
            }
            guard isWanted else { return connection.abort() }
            if !self.ws.onLoop.isListening { connection.handler.setPaused(true) }
            connection.handler.isAmountWatched = true
            connection.handler.onAmount = { [ws] in ws.amountChanged($0) }
            self.ws.happen {
                self.ws.tell(\.open, Event(type: "open", target: self.ws))
            }
        }

        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            guard self.ws.onLoop.isListening else {
                // It waited for a reader, before there was this.
                let bytes = kept(bytes)
                self.ws.happen { self.dispatch(bytes, kind) }
                return
            }
            self.dispatch(bytes, kind)
        }

        private func dispatch(_ bytes: ByteBuffer, _ kind: WebSocketMessage.Kind) {
            // A message that comes when this end has closed is not handed on (section 4).
            guard let binaryType = self.ws.shared.withLock({ $0.readyState == .open ? $0.binaryType : nil }) else {
                return
            }
            let data: MessageEvent.Data =
                switch (kind, binaryType) {
                case (.text, _): .string(String(buffer: bytes))
                // Kept for long, a slice would keep the whole read.
                case (.binary, .blob): .blob(Blob(kept(bytes)))
                case (.binary, .arrayBuffer): .arrayBuffer(kept(bytes))
                }
            self.ws.tellMessage(
                MessageEvent(target: self.ws, data: data, origin: self.ws.origin))
        }

        func closed(_ connection: WebSocketConnection, _ closure: Closure) {
            let failure = self.ws.onLoop.failure
            if closure.wasClean && closure.error == nil && failure == nil {
                self.ws.end(closure, nil)
            } else {
                // A page is told 1006 whatever the connection was failed with.
                self.ws.end(.abnormal, failure ?? WebSocketError(.closed(closure)))
            }
        }
    }
}

/// The bytes in a buffer of their own, if that in which they are is far larger.
private func kept(_ bytes: ByteBuffer) -> ByteBuffer {
    bytes.withUnsafeReadableBytes { kept($0, bytes) }
}

extension WebSocketConnection {
    /// The connection as the browser's API; see ``WebSocket``. From now on its messages go there: those that wait for a reader,
    /// too. Each call makes another one, and the newest gets the messages. A connection that has a ``WebSocketHandler`` loses it.
    public var webSocket: WebSocket {
        let ws = WebSocket(url: "", origin: "", on: self.eventLoop, maxSendBuffer: self.configuration.maxSendBuffer)
        self.onLoop { handler in
            guard handler.connection != nil else {
                return WebSocket.Adapter(ws).closed(self, self.closure ?? .abnormal)
            }
            handler.handOver(to: WebSocket.Adapter(ws), self)
        }
        return ws
    }
}
