import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypesHTTP1
import NIOPosix
import NIOSSL
import NIOTLS
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO

/// Does the opening handshake on a channel that leads to the server: sends the request, once TLS is there for wss, checks the
/// answer, and puts the driver in its place.
final class ClientUpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        /// The request is not sent before it is known to whom.
        case securing
        case waiting
        /// A 101 that is right.
        case accepted(HTTPResponse, ClientHandshake.Agreement, PerMessageDeflate?)
        /// Another answer, whose body comes in.
        case refused(DialError.Refusal)
        case done
    }

    private let handshake: ClientHandshake
    private let request: HTTPRequest
    private let identity: ServerIdentity?
    private let configuration: WebSocketConfiguration
    private let delivery: WebSocketDelivery
    private let encoder: HTTPRequestEncoder
    private let decoder: ByteToMessageHandler<HTTPResponseDecoder>
    private let promise: EventLoopPromise<WebSocketConnection>
    private var timeout: Scheduled<Void>?
    private var state = State.waiting

    /// - Parameters:
    ///   - handshake: What was prepared.
    ///   - request: Its request.
    ///   - identity: Who the server must be, where TLS is in front of this handler.
    ///   - configuration: How the connection behaves.
    ///   - delivery: To whom messages go.
    ///   - encoder: The encoder in front of this handler, which leaves with it.
    ///   - decoder: The decoder in front of this handler, which leaves with it.
    ///   - promise: For the connection. Who fails it closes the channel.
    init(
        handshake: ClientHandshake, request: HTTPRequest, identity: ServerIdentity?,
        configuration: WebSocketConfiguration, delivery: WebSocketDelivery, encoder: HTTPRequestEncoder,
        decoder: ByteToMessageHandler<HTTPResponseDecoder>, promise: EventLoopPromise<WebSocketConnection>
    ) {
        self.handshake = handshake
        self.request = request
        self.identity = identity
        self.configuration = configuration
        self.delivery = delivery
        self.encoder = encoder
        self.decoder = decoder
        self.promise = promise
        self.state = identity == nil ? .waiting : .securing
    }

    /// Begins, once all handlers are in their places.
    ///
    /// - Parameters:
    ///   - channel: The channel, which is active.
    ///   - timeout: How long TLS and the handshake may take from now on.
    func start(in channel: any Channel, timeout: TimeAmount) throws {
        if case .done = self.state { return }
        let context = try channel.pipeline.syncOperations.context(handler: self)
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            if case .securing = self.state {
                self.fail(DialError(.timedOut(.tls)), context)
            } else {
                self.fail(DialError(.timedOut(.handshake)), context)
            }
        }
        if case .waiting = self.state { self.sendRequest(context) }
    }

    private func sendRequest(_ context: ChannelHandlerContext) {
        do {
            let head = try HTTPRequestHead(self.request)
            context.write(self.wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        } catch {
            self.fail(DialError(.notHTTP("\(error)")), context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (self.state, self.unwrapInboundIn(data)) {
        case (.waiting, .head(let head)):
            self.received(head, context)
        case (.accepted(let response, let agreement, let compression), .end):
            self.open(response, agreement, compression, context)
        case (.refused(var refusal), .body(var bytes)):
            refusal.append(&bytes)
            self.state = .refused(refusal)
            if refusal.isFull { self.fail(DialError(.refused(refusal)), context) }
        case (.refused(let refusal), .end):
            self.fail(DialError(.refused(refusal)), context)
        default:
            break
        }
    }

    private func received(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        do {
            let response = try HTTPResponse(head)
            if response.status.code != 101 {
                self.state = .refused(DialError.Refusal(response: response, body: ByteBuffer()))
            } else {
                let agreement = try self.handshake.agreement(from: response)
                // What was not offered cannot have been chosen: that is checked above.
                let compression = try self.configuration.compression.flatMap {
                    try PerMessageDeflate(agreed: agreement.extensions, configuration: $0)
                }
                self.state = .accepted(response, agreement, compression)
            }
        } catch let error as HandshakeError {
            self.fail(DialError(.handshake(error)), context)
        } catch {
            self.fail(DialError(.notHTTP("\(error)")), context)
        }
    }

    private func open(
        _ response: HTTPResponse, _ agreement: ClientHandshake.Agreement, _ compression: PerMessageDeflate?,
        _ context: ChannelHandlerContext
    ) {
        self.state = .done
        self.timeout?.cancel()
        let channel = context.channel
        let pipeline = context.pipeline.syncOperations
        // What the decoder holds already comes out behind it; what comes from now on, the end too, is kept from it: it would
        // throw away what it holds.
        let leftovers = LeftoverCollector()
        let later = LeftoverCollector()
        let removed = context.eventLoop.makePromise(of: Void.self)
        removed.futureResult.assumeIsolated().whenComplete { _ in
            guard channel.isActive else {
                self.promise.fail(DialError(.lost))
                return
            }
            do {
                let connection = try WebSocketConnection.start(
                    on: channel, position: .after(leftovers), role: .client,
                    handshake: .init(
                        request: self.request, response: response, subprotocol: agreement.subprotocol,
                        extensions: agreement.extensions),
                    compression: compression, configuration: self.configuration, delivery: self.delivery)
                self.promise.succeed(connection)
                pipeline.removeHandler(leftovers, promise: nil)
                pipeline.removeHandler(later, promise: nil)
            } catch {
                self.promise.fail(DialError(connecting: error))
                channel.close(promise: nil)
            }
        }
        do {
            try pipeline.addHandler(later, position: .before(self.decoder))
            try pipeline.addHandler(leftovers, position: .after(self.decoder))
        } catch {
            removed.fail(error)
            return
        }
        pipeline.removeHandler(self.encoder, promise: nil)
        pipeline.removeHandler(self, promise: nil)
        pipeline.removeHandler(self.decoder, promise: removed)
    }

    private func fail(_ error: DialError, _ context: ChannelHandlerContext) {
        if case .done = self.state { return }
        var error = error
        // Once there is an answer, it is the reason, even if its body never ends.
        if case .refused(let refusal) = self.state { error = DialError(.refused(refusal)) }
        self.state = .done
        self.timeout?.cancel()
        self.promise.fail(error)
        context.close(promise: nil)
    }

    /// The server ended its side. What it refused with is told, even when it was cut short.
    private func ended(_ context: ChannelHandlerContext) {
        if case .refused(let refusal) = self.state {
            self.fail(DialError(.refused(refusal)), context)
        } else {
            self.fail(DialError(.lost), context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.ended(context)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            self.ended(context)
        case TLSUserEvent.handshakeCompleted:
            self.secured(context)
            context.fireUserInboundEventTriggered(event)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// TLS is there: if this is the server that was meant, it gets the request.
    private func secured(_ context: ChannelHandlerContext) {
        guard case .securing = self.state, let identity else { return }
        do {
            try identity.check(try? context.pipeline.syncOperations.nioSSL_peerCertificate())
            self.state = .waiting
            self.sendRequest(context)
        } catch {
            self.fail(error, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.invalidEOFState: self.ended(context)
        case let error as HTTPParserError: self.fail(DialError(.notHTTP("\(error)")), context)
        default: self.fail(DialError(connecting: error), context)
        }
    }
}

extension DialError {
    /// What a failed attempt to connect means.
    init(connecting error: any Error) {
        switch error {
        case let error as DialError: self = error
        case let error as NIOConnectionError:
            // Several addresses of one name often fail alike: each reason once.
            var reasons = error.connectionErrors.map { "\($0.error)" }
            reasons += [error.dnsAError, error.dnsAAAAError].compactMap { $0 }.map { "\($0)" }
            let text = Set(reasons).sorted().joined(separator: "; ")
            self.init(.connect("\(error.host):\(error.port): \(text.isEmpty ? "no address" : text)"))
        case ChannelError.connectTimeout: self.init(.timedOut(.connect))
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: self.init(.tls("\(error)"))
        case let error as any NIOHTTP2Error: self.init(.http2(.failed("\(error)")))
        default: self.init(.connect("\(error)"))
        }
    }
}
