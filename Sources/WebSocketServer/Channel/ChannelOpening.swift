import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS
import WebSocketNIO

/// Brings a new connection to where it speaks HTTP: its PROXY protocol header, whether it is let in, TLS, and which version of
/// HTTP it speaks. One step leads to the next; each adds its handler, which leaves when it is done. On the event loop.
final class ChannelOpening {
    private let channel: any Channel
    private let setup: WebSocketServerChannel
    private var logger: Logger
    private var peer: Peer
    private let promise: EventLoopPromise<WebSocketServerChannel.Opened>
    private var isOver = false
    private var timeout: Scheduled<Void>?
    private var quiesce: OpeningQuiesceHandler?
    private let until = Until()

    /// What the channel's end holds, for as long as the channel: the opening only while it is under way, since it holds what the
    /// handshake brought (1.4 KB).
    private final class Until {
        var opening: ChannelOpening?
    }

    private var configuration: WebSocketServerConfiguration { self.setup.shared.configuration }
    private var pipeline: ChannelPipeline.SynchronousOperations { self.channel.pipeline.syncOperations }

    /// What the connection turns out to speak.
    var opened: EventLoopFuture<WebSocketServerChannel.Opened> { self.promise.futureResult }

    init(_ channel: any Channel, _ setup: WebSocketServerChannel, _ logger: Logger) {
        self.channel = channel
        self.setup = setup
        let id = ConnectionID.next().description
        self.logger = logger
        self.logger[metadataKey: "connection"] = .string(id)
        self.peer = Peer(
            connectionID: id, address: channel.remoteAddress, socketAddress: channel.remoteAddress,
            isSecure: setup.shared.configuration.tls != nil, certificate: nil, httpVersion: "1.1",
            trustedProxies: setup.shared.configuration.trustedProxies,
            forwardedField: setup.shared.configuration.forwardedField)
        self.promise = channel.eventLoop.makePromise()
    }

    func begin() {
        self.timeout = self.channel.eventLoop.assumeIsolated().scheduleTask(
            in: self.configuration.handshakeTimeout.timeAmount
        ) {
            self.close("its PROXY header or TLS handshake took too long")
        }
        let until = self.until
        until.opening = self
        self.channel.closeFuture.assumeIsolated().whenComplete { _ in until.opening?.end(.gone) }
        self.readProxyHeader()
        // What is not over yet waits for bytes.
        if !self.isOver { self.heedShutdown() }
    }

    private func heedShutdown() {
        let quiesce = OpeningQuiesceHandler { self.close("the server shuts down") }
        self.quiesce = quiesce
        self.add(quiesce, at: .first)
    }

    // MARK: The steps

    private func readProxyHeader() {
        guard self.configuration.proxyProtocol.isRequired(from: self.peer.socketAddress) else { return self.admit() }
        self.add(
            ProxyProtocolHandler { result in
                switch result {
                case .success(let header):
                    if let source = header.source { self.peer.address = source }
                    self.admit()
                case .failure(let error):
                    self.close("\(error)")
                }
            })
    }

    private func admit() {
        let admission = self.setup.shared.admission
        switch admission.connectionOpened(from: self.peer.address) {
        case .accept(let ticket):
            self.channel.closeFuture.whenComplete { _ in admission.connectionClosed(ticket) }
            self.secure()
        case .refuse(let reason):
            self.configuration.metrics?.connectionRefused(reason.rawValue)
            self.close("there are too many: \(reason.rawValue)")
        }
    }

    private func secure() {
        guard let tls = self.configuration.tls else { return self.chooseByPreface() }
        let context = tls.context(offersHTTP2: self.configuration.http2 != .off)
        self.add(NIOSSLServerHandler(context: context))
        self.add(TLSClosing())
        self.add(
            ApplicationProtocolNegotiationHandler { (result: ALPNResult) in
                self.peer.certificate = try? self.pipeline.handler(type: NIOSSLServerHandler.self).peerCertificate
                self.speak(http2: result == .negotiated("h2"))
                return self.channel.eventLoop.makeSucceededVoidFuture()
            })
    }

    private func chooseByPreface() {
        guard self.configuration.http2 == .everywhere else { return self.speak(http2: false) }
        self.add(HTTPPrefaceHandler { isHTTP2 in self.speak(http2: isHTTP2) })
    }

    private func speak(http2: Bool) {
        do {
            if http2 {
                self.peer.httpVersion = "2"
                self.end(.http2(self.peer, try self.setup.http2.add(to: self.channel, self.peer, self.logger)))
            } else {
                self.end(try self.addHTTP1())
            }
        } catch {
            self.close("\(error)")
        }
    }

    private func addHTTP1() throws -> WebSocketServerChannel.Opened {
        // All requests of a read are parsed at once, and kept until they are answered: small ones become many times as large.
        try self.channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
        try self.channel.syncOptions?.setOption(
            .recvAllocator,
            value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: HTTP1UpgradeHandler.maxRead))
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = self.configuration.http1.httpDecoder.maxHeaderFieldSize
        limits.maxHeaderListSize = self.configuration.http1.httpDecoder.maxHeaderListSize
        limits.maxHeaderFieldCount = self.configuration.http1.httpDecoder.maxHeaderFieldCount
        let encoder = HTTPResponseEncoder()
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
        let upgrader = HTTP1UpgradeHandler(
            encoder: encoder, decoder: decoder, peer: self.peer, shared: self.setup.shared,
            eventLoop: self.channel.eventLoop, logger: self.logger)
        try self.pipeline.addHandlers([encoder, decoder, upgrader])
        return .http1(self.peer, first: upgrader.first.futureResult, later: upgrader.later.futureResult)
    }

    // MARK: The end

    private func add(_ handler: any ChannelHandler, at position: ChannelPipeline.SynchronousOperations.Position = .last)
    {
        do {
            try self.pipeline.addHandler(handler, position: position)
        } catch {
            self.close("\(error)")
        }
    }

    private func close(_ reason: String) {
        guard !self.isOver else { return }
        self.logger.debug(
            "connection refused",
            metadata: ["reason": .foreign(reason), "peer": "\(self.peer.address.map(String.init(describing:)) ?? "-")"])
        self.channel.close(promise: nil)
        self.end(.gone)
    }

    private func end(_ opened: WebSocketServerChannel.Opened) {
        guard !self.isOver else { return }
        self.isOver = true
        self.until.opening = nil
        self.timeout?.cancel()
        if let quiesce = self.quiesce.take() { self.pipeline.removeHandler(quiesce, promise: nil) }
        self.promise.succeed(opened)
    }
}
