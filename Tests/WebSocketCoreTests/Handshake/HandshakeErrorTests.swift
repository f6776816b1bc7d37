import HTTPTypes
import Testing
import WebSocketCore

/// Which refusal belongs to which request is in `ServerHandshakeTests.swift`; these are the answers.
struct HandshakeErrorTests {
    @Test(
        arguments: [
            (.method("POST"), 405, ["Allow: GET"]),
            (.notAnUpgrade, 426, ["Upgrade: websocket", "Connection: Upgrade"]),
            (.version(nil), 426, ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]),
            (.version("8"), 426, ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]),
            (.httpVersion, 400, []), (.host, 400, []), (.key, 400, []), (.body, 400, []), (.extensionGrammar, 400, []),
            (.subprotocolGrammar, 400, []),
        ] as [(HandshakeError.Code, Int, [String])])
    func refusal(code: HandshakeError.Code, status: Int, fields: [String]) {
        let error = HandshakeError(code)
        #expect(error.status.code == status)
        #expect(Set(error.fields.map(\.description)) == Set(fields))
        #expect(error.fields.count == fields.count)
    }

    @Test func descriptionsNameTheContext() {
        #expect(HandshakeError(.method("POST")).description.contains("POST"))
        #expect(HandshakeError(.version("8")).description.contains("8"))
        #expect(HandshakeError(.version(nil)).description.contains("missing"))
        #expect(HandshakeError(.status(302)).description.contains("302"))
        for code in [
            .subprotocolNotRequested("chat"), .extensionNotRequested("chat"), .invalidSubprotocol("chat"),
            .repeatedSubprotocol("chat"),
        ] as [HandshakeError.Code] {
            #expect(HandshakeError(code).description.contains("\"chat\""))
        }
    }
}
