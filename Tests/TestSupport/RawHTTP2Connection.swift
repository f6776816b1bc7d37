import NIOCore
package import NIOHPACK
package import NIOHTTP2
import NIOPosix

/// A client that speaks frames of HTTP/2 by hand, by prior knowledge: for what no correct client does. Frames of the connection
/// itself are NIO's business.
package final class RawHTTP2Connection: Sendable {
    private let channel: any Channel
    private let multiplexer: NIOHTTP2Handler.AsyncStreamMultiplexer<RawHTTP2Stream>

    /// What the server says about the connection after its settings; GOAWAY, for one.
    package let frames: Mailbox<HTTP2Frame.FramePayload?>
    /// The server's settings.
    package let settings: HTTP2Settings

    private init(
        _ channel: any Channel, _ multiplexer: NIOHTTP2Handler.AsyncStreamMultiplexer<RawHTTP2Stream>,
        _ frames: Mailbox<HTTP2Frame.FramePayload?>, _ settings: HTTP2Settings
    ) {
        self.settings = settings
        self.channel = channel
        self.multiplexer = multiplexer
        self.frames = frames
    }

    /// Connects for as long as the closure runs.
    ///
    /// - Parameters:
    ///   - port: The server's, on this machine.
    ///   - body: Speaks.
    package static func with<T: Sendable>(
        port: Int, _ body: (RawHTTP2Connection) async throws -> T
    ) async throws -> T {
        let frames = Mailbox<HTTP2Frame.FramePayload?>()
        let (channel, multiplexer) = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    var configuration = NIOHTTP2Handler.Configuration()
                    configuration.connection.headerBlockValidation = .disabled
                    configuration.connection.contentLengthValidation = .disabled
                    let multiplexer = try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(
                        mode: .client, configuration: configuration
                    ) {
                        $0.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
                            as EventLoopFuture<RawHTTP2Stream>
                    }
                    try channel.pipeline.syncOperations.addHandler(FrameReader(frames))
                    return (channel, multiplexer)
                }
            }
        // A client may not use what the server has not said that it has.
        guard case .settings(.settings(let settings))? = await frames.next() ?? nil else {
            throw RawHTTP2Stream.Ended()
        }
        let connection = RawHTTP2Connection(channel, multiplexer, frames, settings)
        do {
            let result = try await body(connection)
            try? await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    /// Opens a stream, which sends nothing by itself.
    ///
    /// - Parameter reads: Whether it reads without being asked.
    package func open(reads: Bool = true) async throws -> RawHTTP2Stream {
        try await self.multiplexer.openStream { channel in
            channel.eventLoop.makeCompletedFuture {
                if !reads { try channel.syncOptions?.setOption(.autoRead, value: false) }
                return try RawHTTP2Stream(channel)
            }
        }
    }

    /// Cuts the connection with RST.
    package func reset() async throws {
        if let socket = self.channel as? any SocketOptionProvider {
            try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try await self.channel.close()
    }

    /// Waits for the connection's end.
    package func waitForEnd() async throws {
        try await self.channel.closeFuture.get()
    }
}

/// One stream of such a client, or of ``RawHTTP2Server``.
package struct RawHTTP2Stream: Sendable {
    /// What the stream ended with, instead of what was waited for.
    package struct Ended: Error {
        /// The reset's code; nil for an orderly end.
        package var code: HTTP2ErrorCode?
    }

    private let channel: any Channel
    private let payloads = Mailbox<HTTP2Frame.FramePayload?>()

    /// On the channel's event loop.
    init(_ channel: any Channel) throws {
        self.channel = channel
        try channel.pipeline.syncOperations.addHandler(PayloadReader(self.payloads))
    }

    /// An extended CONNECT as RFC 8441 has it; pseudo-header fields come first.
    package static func connect(
        _ path: String, protocol name: String = "websocket",
        _ fields: [(String, String)] = [("sec-websocket-version", "13")]
    ) -> HPACKHeaders {
        HPACKHeaders(
            [
                (":method", "CONNECT"), (":protocol", name), (":scheme", "http"), (":path", path),
                (":authority", "server.example.com"),
            ] + fields)
    }

    /// Sends a frame.
    package func send(_ payload: HTTP2Frame.FramePayload) async throws {
        try await self.channel.writeAndFlush(payload)
    }

    /// Sends a frame, and does not wait until it has left.
    package func post(_ payload: HTTP2Frame.FramePayload) {
        self.channel.writeAndFlush(payload, promise: nil)
    }

    /// Sends a header.
    package func send(_ headers: HPACKHeaders, endStream: Bool = false) async throws {
        try await self.send(.headers(.init(headers: headers, endStream: endStream)))
    }

    /// Sends bytes.
    package func send(_ bytes: [UInt8], endStream: Bool = false) async throws {
        try await self.send(.data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: endStream)))
    }

    /// Sends frames in one write.
    package func send(together payloads: [HTTP2Frame.FramePayload]) async throws {
        try await self.channel.eventLoop.flatSubmit {
            for payload in payloads.dropLast() { self.channel.write(payload, promise: nil) }
            return self.channel.writeAndFlush(payloads[payloads.count - 1])
        }.get()
    }

    /// Whether more can be sent without waiting.
    package var isWritable: Bool { self.channel.isWritable }

    /// Reads from now on.
    package func startReading() async throws {
        try await self.channel.setOption(.autoRead, value: true).get()
        self.channel.read()
    }

    /// The next frame.
    ///
    /// - Throws: ``Ended``.
    package func next() async throws -> HTTP2Frame.FramePayload {
        guard let payload = await self.payloads.next() ?? nil else { throw Ended() }
        if case .rstStream(let code) = payload { throw Ended(code: code) }
        return payload
    }

    /// The header that comes next.
    package func headers() async throws -> HPACKHeaders {
        guard case .headers(let headers) = try await self.next() else { throw Ended() }
        return headers.headers
    }

    /// Bytes until there are so many, which come in as many frames as the server likes.
    package func bytes(_ count: Int) async throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            guard case .data(let data) = try await self.next(), case .byteBuffer(let bytes) = data.data else {
                throw Ended()
            }
            all += Array(bytes.readableBytesView)
        }
        return all
    }

    /// All bytes until the server ends its side.
    package func bytesToEnd() async throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            guard case .data(let data) = try await self.next(), case .byteBuffer(let bytes) = data.data else {
                throw Ended()
            }
            all += Array(bytes.readableBytesView)
            if data.endStream { return all }
        }
    }

    /// How the stream ends: the reset's code, or nil.
    package func end() async -> HTTP2ErrorCode? {
        while let payload = await self.payloads.next() ?? nil {
            if case .rstStream(let code) = payload { return code }
        }
        return nil
    }
}

private final class PayloadReader: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload

    private let payloads: Mailbox<HTTP2Frame.FramePayload?>

    init(_ payloads: Mailbox<HTTP2Frame.FramePayload?>) {
        self.payloads = payloads
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let payload = self.unwrapInboundIn(data)
        switch payload {
        case .headers, .data: self.payloads.post(payload)
        // A reset is told as an error, and windows are NIO's business.
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? NIOHTTP2Errors.StreamClosed { self.payloads.post(.rstStream(error.errorCode)) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.payloads.post(nil)
    }
}

private final class FrameReader: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private let frames: Mailbox<HTTP2Frame.FramePayload?>

    init(_ frames: Mailbox<HTTP2Frame.FramePayload?>) {
        self.frames = frames
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let payload = self.unwrapInboundIn(data).payload
        if case .settings(.ack) = payload { return }
        self.frames.post(payload)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.frames.post(nil)
    }
}
