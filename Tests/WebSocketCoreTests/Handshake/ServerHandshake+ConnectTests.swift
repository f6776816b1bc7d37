import HTTPTypes
import Testing
import WebSocketCore

/// The server's side of the handshake over HTTP/2 (RFC 8441, section 5).
struct ServerHandshakeConnectTests {
    /// The RFC's own example (section 5.1), with changes.
    private func request(_ change: (inout HTTPRequest) -> Void = { _ in }) -> HTTPRequest {
        var request = HTTPRequest(
            method: .connect, scheme: "https", authority: "server.example.com", path: "/chat",
            headerFields: [
                .secWebSocketProtocol: "chat, superchat", .secWebSocketExtensions: "permessage-deflate",
                .secWebSocketVersion: "13", .origin: "http://www.example.com",
            ])
        request.extendedConnectProtocol = "websocket"
        change(&request)
        return request
    }

    private func error(_ change: (inout HTTPRequest) -> Void) -> HandshakeError? {
        let request = self.request(change)
        return #expect(throws: HandshakeError.self) { try ServerHandshake.offer(ofConnect: request) }
    }

    @Test func example() throws {
        let offer = try ServerHandshake.offer(ofConnect: self.request())
        #expect(offer.key == nil)
        #expect(offer.subprotocols == ["chat", "superchat"])
        #expect(offer.extensions.map(\.name) == ["permessage-deflate"])
        let response = offer.response(subprotocol: "chat", extensions: offer.extensions)
        #expect(
            response
                == HTTPResponse(
                    status: .ok,
                    headerFields: [.secWebSocketProtocol: "chat", .secWebSocketExtensions: "permessage-deflate"]))
    }

    /// A key says nothing here, be it right, wrong or twice there.
    @Test func keyIsIgnored() throws {
        let offer = try ServerHandshake.offer(
            ofConnect: self.request { $0.headerFields[values: .secWebSocketKey] = ["bad", "worse"] })
        #expect(offer.response() == HTTPResponse(status: .ok))
    }

    @Test func isConnect() {
        #expect(ServerHandshake.isConnect(self.request()))
        #expect(!ServerHandshake.isConnect(self.request { $0.extendedConnectProtocol = nil }))
        #expect(!ServerHandshake.isConnect(self.request { $0.extendedConnectProtocol = "connect-udp" }))
        #expect(!ServerHandshake.isConnect(self.request { $0.method = .get }))
    }

    @Test func notAConnect() {
        #expect(self.error { $0.method = .get }?.code == .notAConnect)
        #expect(self.error { $0.extendedConnectProtocol = "webSocket" }?.code == .notAConnect)
    }

    @Test(arguments: [nil, "wss", "ftp", ""])
    func badScheme(_ scheme: String?) {
        #expect(self.error { $0.scheme = scheme }?.code == .scheme)
    }

    @Test(arguments: [nil, "", "a b", "user@host", "host:70000"])
    func badAuthority(_ authority: String?) {
        #expect(self.error { $0.authority = authority }?.code == .authority)
    }

    @Test(arguments: [nil, "", "chat", "*", "/a#b", "/a b"])
    func badPath(_ path: String?) {
        #expect(self.error { $0.path = path }?.code == .target)
    }

    /// A Host that says something else could be believed by somebody.
    @Test func host() throws {
        let name = try #require(HTTPField.Name("Host"))
        _ = try ServerHandshake.offer(ofConnect: self.request { $0.headerFields[name] = "server.example.com" })
        #expect(self.error { $0.headerFields[name] = "other.example.com" }?.code == .authority)
    }

    @Test(arguments: ["connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding", "te"])
    func connectionSpecificField(_ field: String) throws {
        let name = try #require(HTTPField.Name(field))
        #expect(self.error { $0.headerFields[name] = "x" }?.code == .connectionSpecific(field))
    }

    @Test func teTrailers() throws {
        _ = try ServerHandshake.offer(ofConnect: self.request { $0.headerFields[.te] = "trailers" })
    }

    @Test(arguments: [[], ["12"], ["13", "13"], ["8, 13"]])
    func badVersion(_ versions: [String]) {
        let error = self.error { $0.headerFields[values: .secWebSocketVersion] = versions }
        #expect(error?.code == .version(versions.first))
        #expect(error?.fields[.secWebSocketVersion] == "13")
    }

    @Test func body() throws {
        _ = try ServerHandshake.offer(ofConnect: self.request { $0.headerFields[.contentLength] = "0" })
        #expect(self.error { $0.headerFields[.contentLength] = "5" }?.code == .body)
    }

    @Test func grammar() {
        #expect(self.error { $0.headerFields[.secWebSocketProtocol] = "a, a" }?.code == .subprotocolGrammar)
        #expect(self.error { $0.headerFields[.secWebSocketExtensions] = ";" }?.code == .extensionGrammar)
    }

    @Test(arguments: [HandshakeError.Code.notAConnect, .scheme, .authority, .connectionSpecific("te")])
    func statuses(_ code: HandshakeError.Code) {
        #expect(HandshakeError(code).status == .badRequest)
        #expect(HandshakeError(code).fields == [:])
    }
}
