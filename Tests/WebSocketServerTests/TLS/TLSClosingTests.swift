import NIOCore
import NIOEmbedded
import NIOSSL
import TestSupport
import Testing
import WebSocketNIO

/// Both ends of TLS on channels without sockets, where time stands still.
@Suite struct TLSClosingTests {
    private let server = EmbeddedChannel()
    private let client = EmbeddedChannel()

    private func connect() throws {
        let address = try SocketAddress(ipAddress: "192.0.2.1", port: 443)
        self.server.allowRemoteHalfClosure = true
        try self.server.pipeline.syncOperations.addHandlers([
            NIOSSLServerHandler(
                context: NIOSSLContext(configuration: Certificates.serverConfiguration(Certificates.localhost))),
            TLSClosing(),
        ])
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates([try Certificates.parse(Certificates.localhost)])
        try self.client.pipeline.syncOperations.addHandler(
            NIOSSLClientHandler(context: NIOSSLContext(configuration: configuration), serverHostname: "localhost"))
        try self.server.connect(to: address).wait()
        try self.client.connect(to: address).wait()
        try self.exchange()
    }

    /// Lets both have what the other has written, until nothing moves.
    private func exchange() throws {
        var moved = true
        while moved {
            moved = false
            for (one, other) in [(self.server, self.client), (self.client, self.server)] {
                one.embeddedEventLoop.run()
                while let bytes = try one.readOutbound(as: ByteBuffer.self) {
                    moved = true
                    if other.isActive { try other.writeInbound(bytes) }
                }
            }
        }
    }

    @Test func isDoneWhenThePeerAnswers() throws {
        try self.connect()
        try self.client.writeOutbound(ByteBuffer(string: "hello"))
        try self.exchange()
        #expect(try self.server.readInbound(as: ByteBuffer.self) == ByteBuffer(string: "hello"))
        self.server.close(promise: nil)
        try self.exchange()
        #expect(!self.client.isActive)
        // Without a single second.
        #expect(!self.server.isActive)
    }

    @Test func aPeerThatDoesNotAnswerIsWaitedFor() throws {
        try self.connect()
        self.server.close(promise: nil)
        #expect(self.server.isActive)
        self.server.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(!self.server.isActive)
    }
}
