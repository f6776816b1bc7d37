import HTTPTypes
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2
import WebSocketCore
import WebSocketDeflate
import WebSocketHTTP2
import WebSocketNIO

/// Does the opening handshake on a stream of HTTP/2 (RFC 8441): sends the CONNECT, checks the answer, and puts the driver in its
/// place.
final class HTTP2StreamOpeningHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPRequestPart

    private enum State {
        case waiting
        /// A 200 that is right; with what came behind it in the same read.
        case accepted(HTTPResponse, ClientHandshake.Agreement, PerMessageDeflate?, behind: ByteBuffer)
        /// Another answer, whose body comes in.
        case refused(DialError.Refusal)
        case done
    }

    /// Before this handler; it leaves with it.
    let codec = HTTP2FramePayloadToHTTPClientCodec()
    private let opening: ClientOpening
    private let request: HTTPRequest
    private let deadline: NIODeadline
    private let promise: EventLoopPromise<WebSocketConnection>
    private var state = State.waiting
    private var isInputOver = false
    private var timeout: Scheduled<Void>?

    /// - Parameters:
    ///   - opening: What is asked for.
    ///   - deadline: Until when the server must have answered.
    ///   - promise: For the connection. Who fails it closes the stream.
    init(_ opening: ClientOpening, _ deadline: NIODeadline, promise: EventLoopPromise<WebSocketConnection>) {
        self.opening = opening
        self.request = opening.request(.http2)
        self.deadline = deadline
        self.promise = promise
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(deadline: self.deadline) {
            self.fail(DialError(.timedOut(.handshake)))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.fail(DialError(.lost))
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(.head(self.request)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (self.state, self.unwrapInboundIn(data)) {
        case (.waiting, .head(let head)):
            self.received(head)
        case (.accepted(let response, let agreement, let compression, var behind), .body(var bytes)):
            behind.writeBuffer(&bytes)
            self.state = .accepted(response, agreement, compression, behind: behind)
        case (.accepted, .end):
            self.isInputOver = true
        case (.refused(var refusal), .body(var bytes)):
            refusal.append(&bytes)
            self.state = .refused(refusal)
            if refusal.isFull { self.fail(DialError(.refused(refusal))) }
        case (.refused(let refusal), .end):
            self.fail(DialError(.refused(refusal)))
        default:
            break
        }
    }

    private func received(_ response: HTTPResponse) {
        // The answer is still to come.
        guard response.status.kind != .informational else { return }
        guard response.status == .ok else {
            self.state = .refused(DialError.Refusal(response: response, body: ByteBuffer()))
            return
        }
        do {
            let agreement = try self.opening.handshake.agreement(fromConnect: response)
            self.state = .accepted(response, agreement, try self.opening.compression(agreement), behind: ByteBuffer())
        } catch {
            self.fail(DialError(.handshake(error)))
        }
    }

    /// What takes the codec's place can only come when the codec has handed on all that it took apart.
    func channelReadComplete(context: ChannelHandlerContext) {
        if case .accepted(let response, let agreement, let compression, let behind) = self.state {
            self.open(response, agreement, compression, behind, context)
        } else {
            context.fireChannelReadComplete()
        }
    }

    private func open(
        _ response: HTTPResponse, _ agreement: ClientHandshake.Agreement, _ compression: PerMessageDeflate?,
        _ behind: ByteBuffer, _ context: ChannelHandlerContext
    ) {
        self.state = .done
        self.timeout?.cancel()
        let pipeline = context.pipeline.syncOperations
        do {
            let data = HTTP2DataHandler(
                sendBuffer: self.opening.configuration.sendBuffer, isServer: false, eventLoop: context.eventLoop)
            try pipeline.addHandler(data, position: .after(self))
            let dataContext = try pipeline.context(handler: data)
            // First: what the connection's handler sends at once must not pass through it.
            pipeline.removeHandler(self.codec, promise: nil)
            let connection = try WebSocketConnection.start(
                on: context.channel, position: .after(data), role: .client,
                handshake: .init(
                    request: self.request, response: response, subprotocol: agreement.subprotocol,
                    extensions: agreement.extensions),
                compression: compression, configuration: self.opening.configuration, delivery: self.opening.delivery,
                stream: data)
            self.promise.succeed(connection)
            data.receive(behind, dataContext)
            if self.isInputOver { data.endInput(dataContext) }
            data.channelReadComplete(context: dataContext)
            pipeline.removeHandler(self, promise: nil)
        } catch {
            self.promise.fail(DialError(connecting: error))
        }
    }

    private func fail(_ error: DialError) {
        if case .done = self.state { return }
        var error = error
        // Once there is an answer, it is the reason, even if its body never ends.
        if case .refused(let refusal) = self.state { error = DialError(.refused(refusal)) }
        self.state = .done
        self.timeout?.cancel()
        self.promise.fail(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.fail(DialError(.lost))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as NIOHTTP2Errors.StreamClosed: self.fail(DialError(.http2(.reset("\(error.errorCode)"))))
        case let error as any NIOHTTP2Error: self.fail(DialError(connecting: error))
        default: self.fail(DialError(.notHTTP("\(error)")))
        }
    }
}
