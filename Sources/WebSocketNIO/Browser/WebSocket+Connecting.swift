import NIOCore
import Synchronization
import WebSocketCore

extension WebSocket {
    /// Keeps how to give the attempt to connect up, and does so when that was asked for already.
    package func connecting(giveUp: @escaping @Sendable () -> Void) {
        let isGivenUp = self.shared.withLock { shared in
            if shared.readyState == .connecting { shared.giveUp = giveUp }
            return shared.isGivenUp
        }
        if isGivenUp { giveUp() }
    }

    /// The connection is there. On its event loop.
    ///
    /// - Parameters:
    ///   - connection: The connection.
    ///   - needsSubprotocol: Whether subprotocols were asked for: that the server chooses none fails the connection, which it does
    ///     in this API only (WebSockets standard, section 2, "establish a WebSocket connection").
    /// - Returns: What hears of everything that happens on it.
    package func connected(_ connection: WebSocketConnection, needsSubprotocol: Bool) -> any WebSocketHandler {
        if needsSubprotocol, connection.subprotocol == nil {
            self.onLoop.failure = WebSocketError(.noSubprotocol)
            self.shared.withLock { shared in
                if shared.readyState == .connecting { shared.readyState = .closing }
            }
        }
        return Adapter(self)
    }

    /// There is a connection: from now on messages can be sent.
    ///
    /// - Returns: False when the attempt was given up before.
    fileprivate func attach(_ connection: WebSocketConnection) -> Bool {
        self.shared.withLock { shared in
            if shared.connection === connection { return true }
            shared.connection = connection
            guard shared.readyState == .connecting else { return false }
            shared.readyState = .open
            shared.subprotocol = connection.subprotocol ?? ""
            shared.extensions = WebSocketExtension.serialize(connection.extensions)
            shared.giveUp = nil
            return true
        }
    }

    /// Tells a WebSocket what happens on its connection.
    struct Adapter: WebSocketHandler {
        let ws: WebSocket

        init(_ ws: WebSocket) {
            self.ws = ws
        }

        func opened(_ connection: WebSocketConnection) {
            guard self.ws.attach(connection) else {
                if self.ws.onLoop.failure == nil { self.ws.onLoop.failure = WebSocketError(.closedWhileConnecting) }
                return connection.abort()
            }
            // It may be gone already.
            if connection.handler.connection != nil {
                connection.handler.isAmountWatched = true
                connection.handler.onAmount = { [ws] in ws.amountChanged($0) }
                self.ws.amountChanged(connection.handler.bufferedBytes)
            }
            self.ws.isOpen()
        }

        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            self.ws.arrived(bytes, kind, on: connection)
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

extension WebSocketConnection {
    /// The connection as the browser's API; see ``WebSocket``. Its messages go there, those that wait for a reader too, as soon as
    /// the event loop gets to it: on the loop, behind what is being dealt with. Each call makes another one, and the newest gets
    /// the messages. A connection that has a ``WebSocketHandler`` loses it. It is open at once: what is sent, and `close`, need not
    /// wait for the open event.
    public var webSocket: WebSocket {
        let ws = WebSocket(url: "", origin: "", on: self.eventLoop, maxSendBuffer: self.configuration.maxSendBuffer)
        _ = ws.attach(self)
        // Never at once: the driver may be in the middle of a read, whose messages go to whom they went before.
        self.eventLoop.execute { self.handler.handOver(to: WebSocket.Adapter(ws), self) }
        return ws
    }
}
