import HTTPTypes
import Testing
import WebSocketCore

struct ServerHandshakeTests {
    /// The RFC's own request (section 1.2), with changes: a name with values in place of what was there.
    private func request(_ changes: [String: [String]] = [:]) -> HTTPRequest {
        var request = HTTPRequest(method: .get, scheme: "http", authority: "server.example.com", path: "/chat")
        var fields: [(String, [String])] = [
            ("Upgrade", ["websocket"]), ("Connection", ["Upgrade"]),
            ("Sec-WebSocket-Key", ["dGhlIHNhbXBsZSBub25jZQ=="]), ("Origin", ["http://example.com"]),
            ("Sec-WebSocket-Version", ["13"]),
        ]
        fields.removeAll { changes[$0.0] != nil }
        fields += changes.map { ($0.key, $0.value) }
        for (name, values) in fields {
            for value in values {
                request.headerFields.append(HTTPField(name: HTTPField.Name(name)!, value: value))
            }
        }
        return request
    }

    @Test func accepted() throws {
        let offer = try ServerHandshake.offer(of: self.request())
        #expect(offer.key == "dGhlIHNhbXBsZSBub25jZQ==")
        #expect(offer.subprotocols == [])
        #expect(offer.extensions == [])
        let response = offer.response()
        #expect(response.status.code == 101)
        #expect(
            Set(response.headerFields.map(\.description)) == [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            ])
        #expect(response.headerFields.count == 3)
    }

    /// What may differ from the RFC's request.
    @Test(arguments: [
        ["Upgrade": ["WebSocket"]], ["Upgrade": ["h2c, WEBSOCKET"]], ["Upgrade": ["h2c", "websocket"]],
        ["Connection": ["keep-alive, Upgrade"]], ["Connection": ["keep-alive,\tupgrade"]],
        ["Connection": ["keep-alive", "UPGRADE"]], ["Origin": []], ["Content-Length": ["0"]],
        ["Sec-WebSocket-Protocol": [""]], ["Sec-WebSocket-Extensions": [""]],
    ])
    func alsoAccepted(changes: [String: [String]]) throws {
        let request = self.request(changes)
        #expect(ServerHandshake.isUpgrade(request))
        #expect(try ServerHandshake.offer(of: request).key == "dGhlIHNhbXBsZSBub25jZQ==")
    }

    @Test(
        arguments: [
            (["Upgrade": []], .notAnUpgrade), (["Upgrade": ["h2c"]], .notAnUpgrade),
            (["Upgrade": ["websocket2"]], .notAnUpgrade), (["Upgrade": ["web socket"]], .notAnUpgrade),
            (["Upgrade": ["websoc\u{212A}et"]], .notAnUpgrade),
            (["Connection": []], .notAnUpgrade), (["Connection": ["keep-alive"]], .notAnUpgrade),
            (["Connection": ["close, upgraded"]], .notAnUpgrade),
            (["Sec-WebSocket-Version": []], .version(nil)), (["Sec-WebSocket-Version": ["8"]], .version("8")),
            (["Sec-WebSocket-Version": ["13, 8"]], .version("13, 8")),
            (["Sec-WebSocket-Version": ["013"]], .version("013")),
            (["Sec-WebSocket-Version": ["13", "13"]], .version("13")),
            (["Sec-WebSocket-Key": []], .key), (["Sec-WebSocket-Key": [""]], .key),
            (["Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ="]], .key),
            (["Sec-WebSocket-Key": ["AAAAAAAAAAAAAAAAAAAAAAAA"]], .key),
            (["Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="]], .key),
            (["Content-Length": ["1"]], .body), (["Content-Length": ["0", "5"]], .body),
            (["Transfer-Encoding": ["chunked"]], .body),
            (["Host": ["server.example.com"]], .host),
            (["Sec-WebSocket-Extensions": ["foo;"]], .extensionGrammar),
            (["Sec-WebSocket-Extensions": ["foo", "bar=1"]], .extensionGrammar),
            (["Sec-WebSocket-Protocol": ["chat room"]], .subprotocolGrammar),
            (["Sec-WebSocket-Protocol": ["chat, \"x\""]], .subprotocolGrammar),
            (["Sec-WebSocket-Protocol": ["chat, chat"]], .subprotocolGrammar),
            (["Sec-WebSocket-Protocol": ["chat", "other, chat"]], .subprotocolGrammar),
            (["Sec-WebSocket-Protocol": ["chät"]], .subprotocolGrammar),
        ] as [([String: [String]], HandshakeError.Code)])
    func refused(changes: [String: [String]], code: HandshakeError.Code) {
        #expect(throws: HandshakeError(code)) { try ServerHandshake.offer(of: self.request(changes)) }
    }

    @Test func method() {
        for method in [.post, .head, .options, .connect, HTTPRequest.Method("get")!] as [HTTPRequest.Method] {
            var request = self.request()
            request.method = method
            #expect(throws: HandshakeError(.method(method.rawValue))) { try ServerHandshake.offer(of: request) }
            #expect(!ServerHandshake.isUpgrade(request))
        }
    }

    @Test func httpVersion() throws {
        typealias Version = ServerHandshake.HTTPVersion
        #expect(try ServerHandshake.offer(of: self.request(), version: Version(major: 1, minor: 1)).subprotocols == [])
        for version in [Version(major: 1, minor: 0), Version(major: 2, minor: 0), Version(major: 0, minor: 9)] {
            #expect(throws: HandshakeError(.httpVersion)) {
                try ServerHandshake.offer(of: self.request(), version: version)
            }
        }
    }

    @Test func host() throws {
        for host in ["a", "example.com:8080", "127.0.0.1", "[::1]", "[2001:db8::1]:443", "xn--bcher-kva.example"] {
            var request = self.request()
            request.authority = host
            #expect(try ServerHandshake.offer(of: request).subprotocols == [])
        }
        let bad = [
            nil, "", " ", "a b", "user@example.com", "example.com/", "a?b", "a#b", "a,b", "a\\b", "a\tb",
            "bücher.example",
        ]
        for host in bad {
            var request = self.request()
            request.authority = host
            #expect(throws: HandshakeError(.host), "\(host ?? "none")") { try ServerHandshake.offer(of: request) }
        }
    }

    @Test func isUpgrade() {
        #expect(ServerHandshake.isUpgrade(self.request()))
        // Badly asked is asked all the same, so that the refusal says what is wrong.
        #expect(ServerHandshake.isUpgrade(self.request(["Sec-WebSocket-Key": [], "Connection": []])))
        #expect(!ServerHandshake.isUpgrade(self.request(["Upgrade": []])))
        #expect(!ServerHandshake.isUpgrade(self.request(["Upgrade": ["h2c"]])))
    }

    // MARK: Subprotocols and extensions

    @Test func subprotocols() throws {
        let offer = try ServerHandshake.offer(
            of: self.request(["Sec-WebSocket-Protocol": ["chat, superchat", " , v2.Chat"]]))
        #expect(offer.subprotocols == ["chat", "superchat", "v2.Chat"])
        // The server's preference decides; names are compared with case.
        #expect(offer.subprotocol(from: ["superchat", "chat"]) == "superchat")
        #expect(offer.subprotocol(from: ["other", "v2.Chat"]) == "v2.Chat")
        #expect(offer.subprotocol(from: ["v2.chat", "CHAT"]) == nil)
        #expect(offer.subprotocol(from: []) == nil)
    }

    @Test func subprotocolsThatDifferInCase() throws {
        let offer = try ServerHandshake.offer(of: self.request(["Sec-WebSocket-Protocol": ["chat, Chat"]]))
        #expect(offer.subprotocols == ["chat", "Chat"])
    }

    @Test func extensions() throws {
        let offer = try ServerHandshake.offer(
            of: self.request(["Sec-WebSocket-Extensions": ["foo; a=\"1\", bar", "foo"]]))
        #expect(
            offer.extensions == [
                WebSocketExtension("foo", [.init("a", "1")]), WebSocketExtension("bar"), WebSocketExtension("foo"),
            ])
    }

    @Test func responseWithAll() throws {
        let offer = try ServerHandshake.offer(of: self.request(["Sec-WebSocket-Protocol": ["chat"]]))
        let response = offer.response(
            subprotocol: "chat", extensions: [WebSocketExtension("foo", [.init("a", "1")]), WebSocketExtension("bar")])
        #expect(response.headerFields[values: .secWebSocketProtocol] == ["chat"])
        #expect(response.headerFields[values: .secWebSocketExtensions] == ["foo; a=1, bar"])
        #expect(response.headerFields.count == 5)
    }
}
