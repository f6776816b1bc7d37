package import HTTPTypes
package import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOPosix

/// A request over HTTP/1.1 and its answer, on a connection of its own, by the same routes as a WebSocket's: proxies, Unix sockets,
/// redirects, TLS and who the server must be.
package struct HTTPExchange: Sendable {
    /// The default of ``maxSilence``: 35 seconds, two heartbeats of a stream and some more.
    package static let defaultMaxSilence = Duration.seconds(35)

    package var method: HTTPRequest.Method
    /// The address: http://… or https://…; ws and wss stand for them.
    package var url: String
    /// Header fields beside those of the options.
    package var fields: HTTPFields
    package var content: ByteBuffer?
    /// How long the server may say nothing, before its answer and within. While the content is not read this does not count.
    package var maxSilence: Duration

    package init(
        _ method: HTTPRequest.Method, _ url: String, fields: HTTPFields = [:], content: ByteBuffer? = nil,
        maxSilence: Duration = HTTPExchange.defaultMaxSilence
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.content = content
        self.maxSilence = maxSilence
    }

    /// The answer's content, as it comes. The connection is not read faster than this is.
    package struct Content {
        /// Only the exchange's task uses it. SwiftNIO's own `next()` would take it to another place.
        private struct Parts: @unchecked Sendable {
            var iterator: NIOAsyncChannelInboundStream<HTTPResponsePart>.AsyncIterator

            @concurrent func next() async throws -> HTTPResponsePart? {
                // Copies share where they are.
                var iterator = self.iterator
                return try await iterator.next()
            }
        }

        private let parts: Parts

        fileprivate init(_ stream: NIOAsyncChannelInboundStream<HTTPResponsePart>) {
            self.parts = Parts(iterator: stream.makeAsyncIterator())
        }

        /// The answer's head. What is only in between (1xx) is not looked at.
        fileprivate mutating func head() async throws -> HTTPResponse {
            while let part = try await self.parts.next() {
                if case .head(let response) = part, response.status.kind != .informational { return response }
            }
            throw DialError(.answerLost)
        }

        /// The next bytes; nil behind the last ones.
        ///
        /// - Throws: What ended the connection before the content was whole; `CancellationError`.
        package mutating func next() async throws -> ByteBuffer? {
            while let part = try await self.parts.next() {
                switch part {
                case .head: continue
                case .body(let bytes): return bytes
                case .end: return nil
                }
            }
            throw DialError(.answerLost)
        }

        /// All of it, as far as there are no more bytes than these; what is behind them is left out.
        package mutating func collect(upTo most: Int) async throws -> ByteBuffer {
            var all = ByteBuffer()
            while all.readableBytes < most, var bytes = try await self.next() {
                let part = bytes.readSlice(length: min(bytes.readableBytes, most - all.readableBytes))
                if var part { all.writeBuffer(&part) }
            }
            return all
        }
    }

    /// Sends the request, and hands the answer to `body`; the connection is closed behind it.
    ///
    /// - Parameters:
    ///   - options: How to connect; what they say about WebSockets is not used. Redirects are followed for GET and HEAD; for other
    ///     methods those that keep the method: 307 and 308.
    ///   - group: The event loops to run on.
    /// - Throws: ``DialError``, what `body` throws; `CancellationError`.
    package func perform<Outcome: Sendable>(
        _ options: DialOptions, on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        _ body: (HTTPResponse, inout Content) async throws -> Outcome
    ) async throws -> Outcome {
        var target = try DialTarget(WebSocketURL(self.url), options)
        while true {
            var next: DialTarget?
            let channel = try await self.connect(target, options, on: group.next())
            let outcome: Outcome? = try await channel.executeThenClose { inbound, outbound in
                // A server may answer and close before it has read all; where it does not answer, reading says why.
                try? await outbound.write(contentsOf: self.parts(target))
                try Task.checkCancellation()
                var content = Content(inbound)
                let response = try await content.head()
                var followed = target
                let keepsMethod = [307, 308].contains(response.status.code)
                if self.method == .get || self.method == .head || keepsMethod,
                    try followed.follow(response, limit: options.maxRedirects)
                {
                    next = followed
                    return nil
                }
                return try await body(response, &content)
            }
            guard let next else { return outcome! }
            target = next
        }
    }

    private func parts(_ target: DialTarget) -> [HTTPRequestPart] {
        let url = target.url
        var request = HTTPRequest(
            method: self.method, scheme: url.isSecure ? "https" : "http", authority: url.authority, path: url.path,
            headerFields: target.fields)
        request.headerFields.append(contentsOf: self.fields)
        request.headerFields[.connection] = "close"
        if let content { request.headerFields[.contentLength] = String(content.readableBytes) }
        return [.head(request)] + (self.content.map { [.body($0)] } ?? []) + [.end(nil)]
    }

    typealias Channel = NIOAsyncChannel<HTTPResponsePart, HTTPRequestPart>

    private func connect(_ target: DialTarget, _ options: DialOptions, on loop: any EventLoop) async throws -> Channel {
        var options = options
        options.httpVersion = .http1
        let route = try ServerRoute(target, options)
        let promise = loop.makePromise(of: Channel.self)
        let (silence, timeout) = (self.maxSilence.timeAmount, options.handshakeTimeout.timeAmount)
        route.connect(on: loop, promise: promise) { channel, position in
            guard let identity = route.identity else {
                return promise.succeed(try HTTPExchange.open(channel, position, silence))
            }
            try HTTPVersionHandler.add(
                to: channel, position, identity, .now() + timeout,
                chosen: { _, position in promise.succeed(try HTTPExchange.open(channel, position, silence)) },
                fail: { promise.fail($0) })
        }
        return try await promise.valueUnlessCancelled { $0.channel.close(promise: nil) }
    }

    /// Adds what speaks HTTP. On the event loop.
    static func open(
        _ channel: any NIOCore.Channel, _ position: ChannelPipeline.SynchronousOperations.Position,
        _ silence: TimeAmount
    ) throws -> Channel {
        try channel.pipeline.syncOperations.addHandlers(
            [
                SilenceHandler(silence), HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()),
                HTTP1ToHTTPClientCodec(),
            ], position: position)
        return try Channel(wrappingChannelSynchronously: channel)
    }
}
