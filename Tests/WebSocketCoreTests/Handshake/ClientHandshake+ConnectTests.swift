import HTTPTypes
import Testing
import WebSocketCore

/// The client's side of the handshake over HTTP/2 (RFC 8441, section 5).
struct ClientHandshakeConnectTests {
    private func handshake(_ subprotocols: [String] = [], _ extensions: [WebSocketExtension] = []) throws
        -> ClientHandshake
    {
        try ClientHandshake(nonce: SIMD16(repeating: 7), subprotocols: subprotocols, extensions: extensions)
    }

    private func error(_ handshake: ClientHandshake, _ response: HTTPResponse) -> HandshakeError? {
        #expect(throws: HandshakeError.self) { try handshake.agreement(fromConnect: response) }
    }

    @Test func request() throws {
        let handshake = try self.handshake(["chat", "superchat"], [WebSocketExtension("permessage-deflate")])
        let request = handshake.connectRequest(
            authority: "server.example.com", path: "/chat", secure: true,
            fields: [.origin: "http://www.example.com", .secWebSocketKey: "mine", .secWebSocketVersion: "8"])
        var expected = HTTPRequest(
            method: .connect, scheme: "https", authority: "server.example.com", path: "/chat",
            headerFields: [
                .origin: "http://www.example.com", .secWebSocketVersion: "13", .secWebSocketProtocol: "chat, superchat",
                .secWebSocketExtensions: "permessage-deflate",
            ])
        expected.extendedConnectProtocol = "websocket"
        #expect(request == expected)
    }

    /// What one end asks, the other understands.
    @Test func bothEnds() throws {
        let handshake = try self.handshake(["b", "a"])
        let request = handshake.connectRequest(authority: "a", path: "/?x=1", secure: false)
        let offer = try ServerHandshake.offer(ofConnect: request)
        let response = offer.response(subprotocol: offer.subprotocol(from: ["a", "b"]))
        let agreement = try handshake.agreement(fromConnect: response)
        #expect(agreement.subprotocol == "a")
        #expect(agreement.extensions == [])
    }

    @Test(arguments: [101, 201, 204, 301, 404])
    func otherStatus(_ status: Int) throws {
        let response = HTTPResponse(status: .init(code: status))
        #expect(self.error(try self.handshake(), response)?.code == .connectStatus(status))
    }

    @Test func notAskedFor() throws {
        let handshake = try self.handshake(["a"])
        #expect(
            self.error(handshake, HTTPResponse(status: .ok, headerFields: [.secWebSocketProtocol: "b"]))?.code
                == .subprotocolNotRequested("b"))
        #expect(
            self.error(handshake, HTTPResponse(status: .ok, headerFields: [.secWebSocketExtensions: "x"]))?.code
                == .extensionNotRequested("x"))
        #expect(
            self.error(handshake, HTTPResponse(status: .ok, headerFields: [.secWebSocketExtensions: ";"]))?.code
                == .extensionGrammar)
    }
}
