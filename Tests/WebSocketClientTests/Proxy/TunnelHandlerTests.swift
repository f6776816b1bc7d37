import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocketClient

struct TunnelHandlerTests {
    /// What gets behind the tunnel.
    private final class Log: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private(set) var lines: [String] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.lines.append(String(buffer: self.unwrapInboundIn(data)))
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { self.lines.append("inputClosed") }
        }
    }

    /// A tunnel on an embedded channel; "go" opens it.
    private final class Bench {
        let channel = EmbeddedChannel()
        let log = Log()
        var errors: [String] = []

        /// Opens on "go", answers "ask", fails on "no".
        struct Machine: TunnelMachine, ~Copyable {
            mutating func start() -> ByteBuffer { ByteBuffer(string: "hello") }

            mutating func receive(_ bytes: inout ByteBuffer) -> TunnelAction {
                switch bytes.readString(length: 3) {
                case "go ": .open
                case "ask": .send(ByteBuffer(string: "answer"))
                case "no ": .fail(DialError(.proxy("no")))
                default: .wait
                }
            }

            mutating func giveUp(_ reason: DialError) -> DialError { reason }
        }

        init() throws {
            try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            let (channel, log) = (self.channel, self.log)
            let tunnel = TunnelHandler(
                machine: Machine(), deadline: .now() + .seconds(10),
                open: { try channel.pipeline.syncOperations.addHandler(log, position: $0) },
                fail: { [unowned self] in self.errors.append("\($0)") })
            try channel.pipeline.syncOperations.addHandler(tunnel)
        }

        func receive(_ text: String) {
            self.channel.pipeline.fireChannelRead(ByteBuffer(string: text))
        }

        func sent() throws -> String? { try self.channel.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) } }
    }

    /// What comes right behind the proxy's answer is the server's.
    @Test func leftovers() throws {
        let bench = try Bench()
        #expect(try bench.sent() == "hello")
        bench.receive("as")
        #expect(try bench.sent() == nil)
        bench.receive("kgo rest")
        #expect(try bench.sent() == "answer")
        #expect(bench.log.lines == ["rest"])
        bench.channel.embeddedEventLoop.run()
        bench.receive("more")
        bench.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(bench.log.lines == ["rest", "more", "inputClosed"])
        // The time is not up for what has been done.
        bench.channel.embeddedEventLoop.advanceTime(by: .seconds(3600))
        #expect(bench.errors == [])
        #expect(bench.channel.isActive)
    }

    @Test func refused() throws {
        let bench = try Bench()
        bench.receive("no go ")
        #expect(bench.errors == ["the proxy failed: no"])
        #expect(!bench.channel.isActive)
        #expect(bench.log.lines == [])
    }

    @Test func timeIsUp() throws {
        let bench = try Bench()
        bench.channel.embeddedEventLoop.advanceTime(to: .now() + .seconds(11))
        #expect(bench.errors == ["the proxy took too long"])
        #expect(!bench.channel.isActive)
    }

    @Test(arguments: [true, false])
    func theProxyLeaves(halfClosed: Bool) throws {
        let bench = try Bench()
        if halfClosed {
            bench.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        } else {
            bench.channel.pipeline.fireChannelInactive()
        }
        #expect(bench.errors == ["the proxy failed: it ended the connection"])
    }
}
