import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite struct WebSocketErrorTests {
    @Test func wordsForPeople() {
        let clean = Closure(code: 1001, reason: "bye", wasClean: true)
        #expect("\(WebSocketError(.closed(clean)))" == "the connection is closed: 1001 bye")
        #expect("\(WebSocketError(.closed(.abnormal)))" == "the connection was lost")
        #expect("\(WebSocketError(.closed(nil)))" == "the connection is closing")
        let failed = Closure(code: 1006, wasClean: false, error: ProtocolError(.maskMissing))
        #expect("\(WebSocketError(.closed(failed)))".hasPrefix("the connection was failed: frame of a client"))
        #expect("\(WebSocketError(.pingTooLong(200)))".contains("200"))
    }

    @Test func closures() {
        #expect(WebSocketError(.closed(.abnormal)).closure == .abnormal)
        #expect(WebSocketError(.closed(nil)).isClosed)
        #expect(!WebSocketError(.alreadyBeingRead).isClosed)
        #expect(WebSocketError(.alreadyBeingRead).closure == nil)
    }
}
