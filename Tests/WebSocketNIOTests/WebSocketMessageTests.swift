import NIOCore
import Testing

@testable import WebSocketNIO

@Suite struct WebSocketMessageTests {
    @Test func kinds() {
        let bytes = ByteBuffer(string: "héllo")
        #expect(WebSocketMessage(bytes, as: .text) == .text("héllo"))
        #expect(WebSocketMessage(bytes, as: .binary) == .binary(bytes))
        #expect(WebSocketMessage.text("").kind == .text)
        #expect(WebSocketMessage.binary(bytes).kind == .binary)
    }
}
