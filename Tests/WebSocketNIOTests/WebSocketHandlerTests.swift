import NIOCore
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite struct WebSocketHandlerTests {
    /// All of the protocol has a default that does nothing: a handler has only what it needs.
    @Test func doesNothingByDefault() throws {
        struct Silent: WebSocketHandler {}
        let it = try Embedded()
        let handler = Silent()
        #expect(!handler.takesChunks)
        handler.opened(it.connection)
        handler.received(ByteBuffer(), as: .text, on: it.connection)
        handler.received(
            chunk: WebSocketMessageChunk(kind: .text, bytes: ByteBuffer(), isFirst: true, isLast: true),
            on: it.connection)
        handler.drained(it.connection)
        handler.closed(it.connection, .abnormal)
        #expect(try it.sent() == [])
        #expect(it.connection.readyState == .open)
    }
}
