import HTTPTypes
import Testing
import WebSocketCore

struct ClientHandshakeTests {
    /// The nonce of the RFC's sample key.
    private static let nonce = SIMD16<UInt8>(Array("the sample nonce".utf8))

    private func handshake(
        subprotocols: [String] = ["chat", "superchat"],
        extensions: [WebSocketExtension] = [WebSocketExtension("foo", [.init("a", "1")]), WebSocketExtension("bar")]
    ) throws -> ClientHandshake {
        try ClientHandshake(nonce: Self.nonce, subprotocols: subprotocols, extensions: extensions)
    }

    /// The answer that accepts, with changes: a name with values in place of what was there.
    private func response(status: Int = 101, _ changes: [String: [String]] = [:]) -> HTTPResponse {
        var response = HTTPResponse(status: HTTPResponse.Status(code: status))
        var fields: [(String, [String])] = [
            ("Upgrade", ["websocket"]), ("Connection", ["Upgrade"]),
            ("Sec-WebSocket-Accept", ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]),
        ]
        fields.removeAll { changes[$0.0] != nil }
        fields += changes.map { ($0.key, $0.value) }
        for (name, values) in fields {
            for value in values {
                response.headerFields.append(HTTPField(name: HTTPField.Name(name)!, value: value))
            }
        }
        return response
    }

    // MARK: The request

    @Test func request() throws {
        let request = try self.handshake().request(
            authority: "server.example.com:8080", path: "/chat?x=1", secure: false,
            fields: [.origin: "http://a.example"])
        #expect(request.method == .get)
        #expect(request.scheme == "http")
        #expect(request.authority == "server.example.com:8080")
        #expect(request.path == "/chat?x=1")
        #expect(
            Set(request.headerFields.map(\.description)) == [
                "Origin: http://a.example", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Protocol: chat, superchat", "Sec-WebSocket-Extensions: foo; a=1, bar",
            ])
        #expect(request.headerFields.count == 7)
    }

    @Test func bareRequest() throws {
        let handshake = try ClientHandshake(nonce: Self.nonce)
        let request = handshake.request(authority: "a", path: "/", secure: true)
        #expect(request.scheme == "https")
        #expect(
            Set(request.headerFields.map(\.description)) == [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version: 13",
            ])
    }

    /// The caller's fields cannot break the handshake, not even those that it does not use itself.
    @Test func ownFieldsWin() throws {
        let names = [
            "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol",
            "Sec-WebSocket-Extensions",
        ]
        var fields = HTTPFields()
        for name in names + names {
            fields.append(HTTPField(name: HTTPField.Name(name)!, value: "bad"))
        }
        let handshake = try ClientHandshake(nonce: Self.nonce)
        let request = handshake.request(authority: "a", path: "/", secure: true, fields: fields)
        #expect(request.headerFields.count == 4)
        #expect(request.headerFields.allSatisfy { $0.value != "bad" })
    }

    @Test func serverAcceptsRequest() throws {
        let handshake = try self.handshake()
        let request = handshake.request(authority: "a", path: "/", secure: false)
        let offer = try ServerHandshake.offer(of: request)
        #expect(offer.subprotocols == handshake.subprotocols)
        #expect(offer.extensions == handshake.extensions)
        let agreement = try handshake.agreement(
            from: offer.response(subprotocol: "superchat", extensions: [WebSocketExtension("bar")]))
        #expect(agreement.subprotocol == "superchat")
        #expect(agreement.extensions == [WebSocketExtension("bar")])
    }

    @Test(arguments: ["", "a b", "a,b", "é", "a/b", "\"a\""])
    func invalidSubprotocol(name: String) {
        #expect(throws: HandshakeError(.invalidSubprotocol(name))) { try self.handshake(subprotocols: ["ok", name]) }
    }

    @Test func repeatedSubprotocol() throws {
        #expect(throws: HandshakeError(.repeatedSubprotocol("a"))) {
            try self.handshake(subprotocols: ["a", "b", "a"])
        }
        #expect(try self.handshake(subprotocols: ["a", "A"]).subprotocols == ["a", "A"])
    }

    // MARK: The answer

    @Test func agreement() throws {
        let bare = try self.handshake().agreement(from: self.response())
        #expect(bare.subprotocol == nil)
        #expect(bare.extensions == [])
        let full = try self.handshake().agreement(
            from: self.response([
                "Sec-WebSocket-Protocol": ["chat"], "Sec-WebSocket-Extensions": ["bar; x=\"2\"", "foo"],
            ]))
        #expect(full.subprotocol == "chat")
        #expect(full.extensions == [WebSocketExtension("bar", [.init("x", "2")]), WebSocketExtension("foo")])
    }

    @Test(arguments: [
        ["Upgrade": ["WebSocket"]], ["Connection": ["upgrade"]], ["Connection": ["keep-alive, Upgrade"]],
        ["Connection": ["keep-alive", "UPGRADE"]], ["Sec-WebSocket-Accept": [" s3pPLMBiTxaQ9kYGzzhZRbK+xOo= "]],
        ["Sec-WebSocket-Extensions": [""]], ["Server": ["x"]],
    ])
    func alsoAccepted(changes: [String: [String]]) throws {
        #expect(try self.handshake().agreement(from: self.response(changes)).subprotocol == nil)
    }

    @Test(
        arguments: [
            (["Upgrade": []], .upgradeField), (["Upgrade": ["h2c"]], .upgradeField),
            (["Upgrade": ["websocket, h2c"]], .upgradeField), (["Upgrade": ["websocket", "websocket"]], .upgradeField),
            (["Upgrade": ["websoc\u{212A}et"]], .upgradeField),
            (["Connection": []], .connectionField), (["Connection": ["close"]], .connectionField),
            (["Connection": ["upgrade2"]], .connectionField),
            (["Sec-WebSocket-Accept": []], .acceptField), (["Sec-WebSocket-Accept": [""]], .acceptField),
            (["Sec-WebSocket-Accept": ["dGhlIHNhbXBsZSBub25jZQ=="]], .acceptField),
            // Base64 is not to be compared without case.
            (["Sec-WebSocket-Accept": ["S3pPLMBiTxaQ9kYGzzhZRbK+xOo="]], .acceptField),
            (["Sec-WebSocket-Accept": ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]], .acceptField),
            // The Kelvin sign is no K, though the two strings are equal to Swift.
            (["Sec-WebSocket-Accept": ["s3pPLMBiTxaQ9kYGzzhZRb\u{212A}+xOo="]], .acceptField),
            (["Sec-WebSocket-Protocol": ["other"]], .subprotocolNotRequested("other")),
            (["Sec-WebSocket-Protocol": ["Chat"]], .subprotocolNotRequested("Chat")),
            (["Sec-WebSocket-Protocol": [""]], .subprotocolNotRequested("")),
            (["Sec-WebSocket-Protocol": ["chat, superchat"]], .subprotocolNotRequested("chat, superchat")),
            (["Sec-WebSocket-Protocol": ["chat", "superchat"]], .subprotocolNotRequested("chat, superchat")),
            (["Sec-WebSocket-Extensions": ["foo;"]], .extensionGrammar),
            (["Sec-WebSocket-Extensions": ["other"]], .extensionNotRequested("other")),
            (["Sec-WebSocket-Extensions": ["foo, other; x"]], .extensionNotRequested("other")),
        ] as [([String: [String]], HandshakeError.Code)])
    func refused(changes: [String: [String]], code: HandshakeError.Code) {
        #expect(throws: HandshakeError(code)) { try self.handshake().agreement(from: self.response(changes)) }
    }

    @Test(arguments: [100, 200, 301, 401, 426, 500])
    func status(code: Int) {
        #expect(throws: HandshakeError(.status(code))) {
            try self.handshake().agreement(from: self.response(status: code))
        }
    }

    @Test func nothingAskedFor() throws {
        let handshake = try ClientHandshake(nonce: Self.nonce)
        #expect(throws: HandshakeError(.subprotocolNotRequested("chat"))) {
            try handshake.agreement(from: self.response(["Sec-WebSocket-Protocol": ["chat"]]))
        }
        #expect(throws: HandshakeError(.extensionNotRequested("permessage-deflate"))) {
            try handshake.agreement(from: self.response(["Sec-WebSocket-Extensions": ["permessage-deflate"]]))
        }
    }

    @Test func subprotocolThatOnlyLooksTheSame() throws {
        #expect(throws: HandshakeError(.subprotocolNotRequested("\u{212A}"))) {
            try self.handshake(subprotocols: ["K"])
                .agreement(from: self.response(["Sec-WebSocket-Protocol": ["\u{212A}"]]))
        }
    }
}
