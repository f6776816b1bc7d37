import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocketServer

struct HTTPPrefaceHandlerTests {
    private static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    @Test(
        arguments: [
            ("", nil), ("P", nil), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r", nil), (preface, true), (preface + "more", true),
            ("G", false), ("POST / HTTP/1.1", false), ("PRI * HTTP/2.1\r\n", false), ("PRI / HTTP/1.1\r\n", false),
        ] as [(String, Bool?)])
    func prefixes(text: String, expected: Bool?) {
        #expect(HTTPPrefaceHandler.isPreface(Array(text.utf8)) == expected)
    }

    /// Whatever the sizes of the reads, all bytes go on in their order, and the handler is gone.
    @Test(arguments: [preface + "frames", "GET / HTTP/1.1\r\n\r\n", "PRx"], [1, 2, 5, 100])
    func passesOn(text: String, size: Int) throws {
        let channel = EmbeddedChannel()
        var decisions: [Bool] = []
        try channel.pipeline.syncOperations.addHandler(HTTPPrefaceHandler { decisions.append($0) })
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try channel.writeInbound(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
        }
        var passed = ByteBuffer()
        while var next: ByteBuffer = try channel.readInbound() { passed.writeBuffer(&next) }
        #expect(String(buffer: passed) == text)
        #expect(decisions == [text.hasPrefix(Self.preface)])
        #expect(throws: ChannelPipelineError.notFound) {
            _ = try channel.pipeline.syncOperations.handler(type: HTTPPrefaceHandler.self)
        }
        _ = try channel.finish()
    }

    /// A client that ends before it is known what it speaks is let go.
    @Test func endsTooEarly() throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(HTTPPrefaceHandler { _ in })
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(ByteBuffer(string: "PRI"))
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(!channel.isActive)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }
}
