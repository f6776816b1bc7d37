import TestSupport
import Testing
import WebSocketClient
import WebSocketNIO

/// The checklist's cases about addresses: what `url` says, and what the server is asked for.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketURLCasesTests {
    @Test(
        arguments: [
            // interfaces/WebSocket/url/001: a path, at least "/".
            ("ws://127.0.0.1:9", "ws://127.0.0.1:9/"), ("ws://127.0.0.1:9?q", "ws://127.0.0.1:9/?q"),
            ("ws://127.0.0.1:9/a", "ws://127.0.0.1:9/a"), ("ws://127.0.0.1:9/a/", "ws://127.0.0.1:9/a/"),
            // Create-http-urls.
            ("http://127.0.0.1:9/", "ws://127.0.0.1:9/"), ("https://127.0.0.1:9/", "wss://127.0.0.1:9/"),
            ("http://127.0.0.1/", "ws://127.0.0.1/"), ("https://127.0.0.1/", "wss://127.0.0.1/"),
            // constructor/008: the scheme's own port is left out.
            ("ws://127.0.0.1:80/", "ws://127.0.0.1/"), ("wss://127.0.0.1:443/", "wss://127.0.0.1/"),
            ("ws://127.0.0.1:443/", "ws://127.0.0.1:443/"), ("wss://127.0.0.1:80/", "wss://127.0.0.1:80/"),
            ("http://127.0.0.1:80/", "ws://127.0.0.1/"), ("https://127.0.0.1:443/", "wss://127.0.0.1/"),
            ("http://127.0.0.1:443/", "ws://127.0.0.1:443/"),
            // constructor/017: missing slashes.
            ("ws:127.0.0.1:9/a", "ws://127.0.0.1:9/a"), ("ws:/127.0.0.1:9/a", "ws://127.0.0.1:9/a"),
            ("ws:///127.0.0.1:9/a", "ws://127.0.0.1:9/a"),
            // constructor/019, 020: upper case.
            ("WS://127.0.0.1:9/A", "ws://127.0.0.1:9/A"), ("wSs://127.0.0.1:9/", "wss://127.0.0.1:9/"),
            ("ws://LOCALHOST:9/A", "ws://localhost:9/A"),
            // constructor/016, 018, Create-url-with-windows-1252-encoding, url/resolve: UTF-8, U+0000, a space.
            ("ws://127.0.0.1:9/?å", "ws://127.0.0.1:9/?%C3%A5"), ("ws://127.0.0.1:9/?a\0b", "ws://127.0.0.1:9/?a%00b"),
            ("ws://127.0.0.1:9/x?a b", "ws://127.0.0.1:9/x?a%20b"), ("ws://127.0.0.1:9/a b", "ws://127.0.0.1:9/a%20b"),
            ("ws://127.0.0.1:9/?a%20b", "ws://127.0.0.1:9/?a%20b"),
            // The URL standard beyond the checklist.
            ("ws://127.0.0.1:9/a/../b/./c", "ws://127.0.0.1:9/b/c"), ("ws:\\\\127.0.0.1:9\\a", "ws://127.0.0.1:9/a"),
            (" ws://127.0.0.1:9/\n", "ws://127.0.0.1:9/"),
            ("ws://user:pass@127.0.0.1:9/", "ws://user:pass@127.0.0.1:9/"),
            ("ws://[0:0::1]:9/", "ws://[::1]:9/"),
        ])
    func url(given: String, expected: String) async throws {
        let ws = try WebSocket(given)
        #expect(ws.url == expected)
        #expect(ws.readyState == .connecting)
        try ws.close()
        #expect(ws.url == expected)
    }

    /// opening-handshake/003: a name that is not ASCII. It is refused, where a browser makes it punycode (IDNA): who has one
    /// writes that.
    @Test func internationalName() throws {
        let error = #expect(throws: DOMException.self) { _ = try WebSocket("ws://天気の良い日.example:9/") }
        #expect(error?.name == .syntaxError)
        let ws = try WebSocket("ws://xn--n8j6ds53lwwkrqhv28a.example:9/")
        #expect(ws.url == "ws://xn--n8j6ds53lwwkrqhv28a.example:9/")
        try ws.close()
    }

    /// constructor/016, 018, url/resolve: the server is asked for what `url` says.
    @Test(arguments: [
        ("/?å", "/?%C3%A5"), ("/?x\0y", "/?x%00y"), ("/a b?c d", "/a%20b?c%20d"), ("", "/"), ("?", "/?"),
        ("/%7e?%7e", "/%7e?%7e"),
        ("/?a'b", "/?a%27b"),
    ])
    func requested(path: String, expected: String) async throws {
        let heads = Mailbox<String>()
        try await SocketServer.with(answer: { head in
            heads.post(head)
            return [:]
        }) { server in
            let ws = try WebSocket("ws://127.0.0.1:\(server.port)\(path)")
            let told = ws.told()
            #expect(await told.next() == .open)
            let head = try #require(await heads.next())
            #expect(head.hasPrefix("GET \(expected) HTTP/1.1\r\n"))
            #expect(ws.url == "ws://127.0.0.1:\(server.port)\(expected)")
        }
    }
}
