import HTTPTypes
import NIOCore
import NIOEmbedded
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

/// A connection on a channel without sockets: bytes in, bytes out, and time by hand.
final class Embedded {
    let channel = EmbeddedChannel()
    let recorder: Recorder
    let connection: WebSocketConnection
    let role: Role

    init(
        _ role: Role = .server, configuration: WebSocketConfiguration = .init(), compression: PerMessageDeflate? = nil,
        recorder: Recorder? = nil
    ) throws {
        self.role = role
        let recorder = recorder ?? Recorder()
        self.recorder = recorder
        try self.channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 80)).wait()
        try self.channel.pipeline.syncOperations.addHandler(HalfClosure())
        nonisolated(unsafe) let handler = recorder
        self.connection = try WebSocketConnection.start(
            on: self.channel, position: .last, role: role,
            handshake: .init(request: HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/")),
            compression: compression, configuration: configuration, delivery: .handler({ _ in handler }))
    }

    var handler: WebSocketChannelHandler { self.connection.handler }

    /// The bytes arrive in one read.
    func receive(_ bytes: [UInt8]) throws {
        try self.channel.writeInbound(ByteBuffer(bytes: bytes))
        self.channel.embeddedEventLoop.run()
    }

    /// The writes that have been made, each as it was handed to the channel; empty ones left out.
    func writes() throws -> [[UInt8]] {
        self.channel.embeddedEventLoop.run()
        var found: [[UInt8]] = []
        while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
            if buffer.readableBytes > 0 { found.append(Array(buffer.readableBytesView)) }
        }
        return found
    }

    /// All bytes that have been written.
    func sent() throws -> [UInt8] { try self.writes().flatMap { $0 } }

    /// The frames that have been written: opcode, whether final, payload.
    func frames() throws -> [Frame] { Frame.all(in: try self.sent(), from: self.role) }

    struct Frame: Equatable, CustomReflectable {
        var opcode: Opcode
        var isFinal: Bool
        var payload: [UInt8]
        var code: CloseCode?
        /// Whether it belongs to a compressed message.
        var isCompressed: Bool

        init(
            _ opcode: Opcode, _ isFinal: Bool, _ payload: [UInt8], _ code: CloseCode? = nil, isCompressed: Bool = false
        ) {
            self.isCompressed = isCompressed
            self.opcode = opcode
            self.isFinal = isFinal
            self.payload = payload
            self.code = code
        }

        var customMirror: Mirror { Mirror(self, children: []) }

        /// The frames in what this role has written.
        static func all(in bytes: [UInt8], from role: Role) -> [Frame] {
            var bytes = bytes
            var parser = FrameParser(
                role: role == .server ? .client : .server, limits: .unlimited, allowsCompression: true)
            var offset = 0
            return bytes.withUnsafeMutableBytes { region in
                var frames: [Frame] = []
                while true {
                    switch parser.next(in: region, at: &offset) {
                    case .data(let data):
                        frames.append(
                            Frame(
                                data.isFirst ? data.opcode : .continuation, data.isLast, Array(region[data.range]),
                                isCompressed: data.isCompressed))
                    case .ping(let range): frames.append(Frame(.ping, true, Array(region[range])))
                    case .pong(let range): frames.append(Frame(.pong, true, Array(region[range])))
                    case .close(let close):
                        let reason = close.reason.isEmpty ? [] : Array(close.reason.utf8)
                        frames.append(Frame(.close, true, reason, close.code))
                        return frames
                    case .needsMoreBytes, .failure: return frames
                    }
                }
            }
        }
    }
}

/// Lets a channel end its writing side alone, as a socket does; an embedded channel would close.
final class HalfClosure: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if case .output = mode { promise?.succeed(()) } else { context.close(mode: mode, promise: promise) }
    }
}

/// A frame as the peer of this role sends it: masked for a server.
func frame(
    _ opcode: Opcode, _ payload: [UInt8] = [], to role: Role = .server, isFinal: Bool = true,
    isCompressed: Bool = false, key: UInt32 = 0x5CF3_9A12
) -> [UInt8] {
    let header = FrameHeader(
        opcode: opcode, isFinal: isFinal, isCompressed: isCompressed, payloadCount: payload.count,
        maskingKey: role == .server ? key : nil)
    var bytes = [UInt8](repeating: 0, count: header.size) + payload
    bytes.withUnsafeMutableBytes {
        header.write(to: $0.baseAddress!)
        if role == .server { _ = Masking.apply($0.baseAddress! + header.size, count: payload.count, key: key) }
    }
    return bytes
}

func frame(_ text: String, to role: Role = .server) -> [UInt8] { frame(.text, Array(text.utf8), to: role) }

/// A Close frame's payload.
func closing(_ code: UInt16, _ reason: String = "") -> [UInt8] {
    [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8)
}
