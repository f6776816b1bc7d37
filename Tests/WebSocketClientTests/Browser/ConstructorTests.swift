import HTTPTypes
import NIOCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO

/// The checklist's `constructor/` and `Create-…`; addresses beyond the simplest are in `WebSocketURLCasesTests`.
@Suite(.timeLimit(.minutes(1)))
struct ConstructorTests {
    // MARK: Subprotocols

    /// Create-asciiSep-protocol-string, Create-nonAscii-protocol-string, Create-protocol-with-space, constructor/004, 007, 021.
    @Test(arguments: [
        "", "/echo", "ec ho", "\u{80}", "ü", "\0", "a\0b", "\t", "\u{1F}", "\u{7F}", " ", "foobar, foobar", ",", "a,",
        "(", ")",
        "<", ">", "@", ";", ":", "\\", "\"", "/", "[", "]", "?", "=", "{", "}", "a\r\nb",
    ])
    func noToken(name: String) {
        let single = #expect(throws: DOMException.self) { try WebSocket("ws://127.0.0.1:1", protocols: name) }
        #expect(single?.name == .syntaxError)
        let list = #expect(throws: DOMException.self) { try WebSocket("ws://127.0.0.1:1", protocols: ["ok", name]) }
        #expect(list?.name == .syntaxError)
    }

    /// Create-protocols-repeated, Create-protocols-repeated-case-insensitive.
    @Test(arguments: [["a", "a"], ["echo", "ECHO"], ["a", "b", "A"]])
    func repeated(names: [String]) {
        let error = #expect(throws: DOMException.self) { try WebSocket("ws://127.0.0.1:1", protocols: names) }
        #expect(error?.name == .syntaxError)
    }

    /// Create-valid-url-protocol…, Create-valid-url-array-protocols, option-bag, constructor/009, 022, protocol/protocol-initial:
    /// the server's choice is told, and "" before.
    @Test(
        arguments: [
            (["echo"], "echo"), (["foo", "bar"], "foo"), (["foo", "bar"], "bar"), ([], ""),
            (["!#$%&'*+-.^_`|~09Az"], "!#$%&'*+-.^_`|~09Az"),
        ] as [([String], String)])
    func chosen(names: [String], choice: String) async throws {
        let heads = Mailbox<String>()
        try await SocketServer.with(answer: { head in
            heads.post(head)
            return choice.isEmpty ? [:] : ["Sec-WebSocket-Protocol": choice]
        }) { server in
            let ws =
                try names.count == 1
                ? WebSocket(server.url(), protocols: names[0]) : WebSocket(server.url(), protocols: names)
            #expect(ws.protocol == "")
            let told = ws.told()
            ws.onopen = { event in #expect(event.target.protocol == choice) }
            #expect(await told.next() == .open)
            #expect(ws.protocol == choice)
            let head = try #require(await heads.next())
            let asked = head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("sec-websocket-protocol:") }
            #expect(asked == (names.isEmpty ? [] : ["Sec-WebSocket-Protocol: \(names.joined(separator: ", "))"]))
            try ws.close()
            #expect(await told.next() == .close(1005))
            #expect(ws.protocol == choice)
        }
    }

    /// constructor/010, 011: one that nobody asked for, also one in other letters.
    @Test(arguments: [([], "foo"), (["foo"], "bar"), (["foo"], "FOO"), (["foo", "bar"], "foo, bar")])
    func notAskedFor(names: [String], choice: String) async throws {
        try await SocketServer.with(answer: { _ in ["Sec-WebSocket-Protocol": choice] }) { server in
            let ws = try WebSocket(server.url(), protocols: names)
            let told = ws.told()
            ws.onerror = { event in
                let error = (event.error as? DialError)?.handshakeError
                #expect(error == HandshakeError(.subprotocolNotRequested(choice)))
            }
            let all = await told.all()
            #expect(all == [.error, .failed])
            #expect(ws.protocol == "")
        }
    }

    /// constructor/012: asked for some, the server chose none. RFC 6455 lets that be, the WebSockets standard does not.
    @Test func noneChosen() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url(), protocols: ["foo"])
            let told = ws.told()
            let all = await told.all()
            #expect(all == [.error, .failed])
            #expect(ws.protocol == "")
            #expect(ws.readyState == .closed)
        }
    }

    // MARK: Extensions

    /// Create-extensions-empty, interfaces/WebSocket/extensions/001.
    @Test func extensions() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            #expect(ws.extensions == "")
            #expect(await ws.told().next() == .open)
            #expect(ws.extensions == "")
        }
        try await SocketServer.with(answer: { _ in ["Sec-WebSocket-Extensions": "permessage-deflate"] }) { server in
            let ws = try WebSocket(server.url(), options: DialOptions(configuration: .init(compression: .init())))
            #expect(ws.extensions == "")
            #expect(await ws.told().next() == .open)
            #expect(ws.extensions == "permessage-deflate")
        }
    }

    /// One that nobody offered fails the connection.
    @Test func extensionNotOffered() async throws {
        try await SocketServer.with(answer: { _ in ["Sec-WebSocket-Extensions": "permessage-deflate"] }) { server in
            let all = await (try WebSocket(server.url())).told().all()
            #expect(all == [.error, .failed])
        }
    }

    // MARK: Addresses

    /// Create-valid-url, constructor/005, 008.
    @Test(arguments: ["ws://127.0.0.1:80/", "ws://127.0.0.1:443/", "wss://127.0.0.1:80/", "wss://127.0.0.1:443/"])
    func standardPorts(url: String) async throws {
        let ws = try WebSocket(url)
        #expect(ws.readyState == .connecting)
        try ws.close()
    }

    /// Create-invalid-urls, Create-url-with-space, Create-non-absolute-url.
    @Test(arguments: [
        "ws://foo bar.com/", "wss://foo bar.com/", "ftp://127.0.0.1/", "mailto:a@b.example", "about:blank",
        "ws://127.0.0.1/#",
        "ws://127.0.0.1/#test", "ws://127.0.0.1/path?q#test", "", "/relative", "?q", "//127.0.0.1/", "test",
    ])
    func refused(url: String) {
        let error = #expect(throws: DOMException.self) { try WebSocket(url) }
        #expect(error?.name == .syntaxError)
    }

    /// What is wrong with the options is told later, by events.
    @Test func badOptions() async throws {
        let options = DialOptions(fields: [.host: "elsewhere"])
        let all = await (try WebSocket("ws://127.0.0.1:1", options: options)).told().all()
        #expect(all == [.error, .failed])
    }

    // MARK: Many

    /// constructor/013: 25 at once, each with its own events in order.
    @Test func parallel() async throws {
        try await SocketServer.with { server in
            let sockets = try (0..<25).map { number in
                let ws = try WebSocket(server.url("/\(number)"))
                ws.addEventListener(.open) { _ in try? ws.send("\(number)") }
                ws.addEventListener(.message) { _ in try? ws.close(code: 3000 + number) }
                return (number, ws.told())
            }
            for (number, told) in sockets {
                let all = await told.all()
                #expect(all == [.open, .text("\(number)"), .close(3000 + number)])
            }
        }
    }

    /// constructor/014, opening-handshake/006: to one host and port, one connects at a time; the next begins when the one before is
    /// open or has failed.
    @Test func oneConnectsAtATime() async throws {
        let heads = Mailbox<String>()
        let answers = Mailbox<[String: String]>()
        try await SocketServer.with(answer: { head in
            heads.post(String(head.split(separator: " ")[1]))
            return await answers.next() ?? [:]
        }) { server in
            let all = try ["/1", "/2", "/3", "/4"].map { try WebSocket(server.url($0)).told() }
            // Tasks begin in any order, but only one is there at a time.
            var seen: Set<String> = []
            for number in 0..<4 {
                seen.insert(try #require(await heads.next()))
                #expect(seen.count == number + 1)
                // Another host is not concerned.
                if number == 0 {
                    let other = try await SocketServer.with { other in
                        await (try WebSocket(other.url())).told().next()
                    }
                    #expect(other == .open)
                }
                // The second one fails.
                answers.post(number == 1 ? ["Sec-WebSocket-Accept": "wrong"] : [:])
            }
            var first: [Told] = []
            for told in all { first.append(try #require(await told.next())) }
            #expect(first.filter { $0 == .open }.count == 3)
            #expect(first.filter { $0 == .error }.count == 1)
        }
    }
}
