package import NIOCore
package import WebSocketCore
package import WebSocketDeflate

/// To whom a connection's messages go.
package enum WebSocketDelivery: Sendable {
    /// A handler, made on the event loop for this connection.
    case handler(@Sendable (WebSocketConnection) -> any WebSocketHandler)
    /// Whoever reads ``WebSocketConnection/messages``.
    case reader
}

extension WebSocketConnection {
    /// The name of a handler that an application puts between a socket and its WebSocket, before the handshake is answered, and that is to see
    /// all bytes. Without one of this name the driver may write to the socket itself.
    public static let observerName = "WebSocketConnection.observer"

    /// Makes the connection of a channel whose opening handshake is done, and adds its driver to the pipeline. On the
    /// channel's event loop.
    ///
    /// - Parameters:
    ///   - channel: The channel.
    ///   - position: Where the driver goes; raw bytes must reach it, and nothing behind it sees any.
    ///   - role: This end's role.
    ///   - handshake: What the handshake brought.
    ///   - compression: What was agreed on about compression.
    ///   - configuration: How the connection behaves.
    ///   - delivery: To whom messages go.
    ///   - peerAddress: The peer's address, where it is not the channel's other end.
    ///   - stream: What the channel is on, where it is no socket but one of the streams of a connection.
    ///   - isPlain: Whether the channel is a socket, and nothing that changes or counts bytes stands between, such as TLS.
    ///   - drain: Says when the connection goes, when its server shuts down; nil for at once.
    package static func start(
        on channel: any Channel, position: ChannelPipeline.SynchronousOperations.Position, role: Role,
        handshake: Handshake, compression: PerMessageDeflate?, configuration: WebSocketConfiguration,
        delivery: WebSocketDelivery, peerAddress: SocketAddress? = nil,
        stream: (any StreamTransport)? = nil, isPlain: Bool = false, drain: Drain? = nil
    ) throws -> WebSocketConnection {
        let handler = WebSocketChannelHandler(
            role: role, agreement: compression, configuration: configuration, eventLoop: channel.eventLoop)
        let queue: InboundQueue? =
            if case .reader = delivery { InboundQueue(bound: configuration.receiveBuffer) } else { nil }
        let connection = WebSocketConnection(
            handler: handler, queue: queue, handshake: handshake, peerAddress: peerAddress ?? channel.remoteAddress)
        handler.connection = connection
        handler.drain = drain
        handler.stream = stream
        if isPlain, (try? channel.pipeline.syncOperations.context(name: self.observerName)) == nil {
            handler.socket = PlainSocket(channel)
        }
        drain?.opened()
        handler.loop.statistics.pointee.opened &+= 1
        if let queue { handler.sink = .queue(queue) }
        // A stream's channel has no options: NIO's for HTTP/2 stops the process when it is asked for one.
        if stream == nil, let options = channel.syncOptions {
            // Not all kinds of channels know all of these, and none is needed for things to be right.
            try? options.setOption(.maxMessagesPerRead, value: 1)
            try? options.setOption(.recvAllocator, value: ReceiveAllocator(loop: handler.loop))
            try? options.setOption(
                .writeBufferWaterMark, value: .init(low: configuration.sendBuffer / 2, high: configuration.sendBuffer))
        }
        do {
            try channel.pipeline.syncOperations.addHandler(handler, position: position)
            // The channel may have ended while the answer to the handshake was written.
            guard handler.connection != nil else { throw ChannelError.ioOnClosedChannel }
        } catch {
            handler.ended()
            channel.close(promise: nil)
            throw error
        }
        handler.keepAlive()
        if case .handler(let make) = delivery {
            handler.loop.enter()
            let made = make(connection)
            handler.hand(to: made, connection)
            handler.loop.leave()
        }
        return connection
    }
}

extension WebSocketChannelHandler {
    /// Hands everything to a handler from now on, and tells it that the connection is open. What it sends in its initializer
    /// goes out, since the driver is in its place already; nothing can have arrived.
    fileprivate func hand(to handler: any WebSocketHandler, _ connection: WebSocketConnection) {
        self.sink = .handler(handler)
        self.takesChunks = handler.takesChunks
        self.readsOnlyWithRoom = self.role == .server
        if !self.takesChunks { self.limitMessages(to: WebSocketConfiguration.maxCollectedMessage) }
        handler.opened(connection)
    }

    /// Hands everything to a handler from now on, which went to a reader before: what the reader has not taken, too, even if the
    /// connection is gone meanwhile.
    func handOver(to handler: any WebSocketHandler, _ connection: WebSocketConnection) {
        self.handBatchOver()
        let chunks = connection.queue?.takeAll() ?? []
        self.sink = .handler(handler)
        self.takesChunks = false
        self.readsOnlyWithRoom = self.role == .server
        self.isReaderFull = false
        self.loop.enter()
        // What is left alone comes behind these.
        self.isResuming = true
        handler.opened(connection)
        for chunk in chunks { self.handWhole(chunk, to: handler, connection) }
        self.isResuming = false
        self.loop.leave()
        guard self.connection != nil else {
            (self.sink, self.gathered) = (.none, nil)
            return handler.closed(connection, connection.closure ?? .abnormal)
        }
        self.resumeInput()
    }
}
