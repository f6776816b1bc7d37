import Testing
import WebSocketClient

struct WebSocketURLTests {
    struct Parts: Sendable, Equatable {
        var isSecure = false
        var host: String
        var port = 80
        var path = "/"
        var authority: String
        var authorization: String?
    }

    @Test(
        arguments: [
            ("ws://example.com", Parts(host: "example.com", authority: "example.com")),
            ("ws://example.com/", Parts(host: "example.com", authority: "example.com")),
            ("WS://example.com/chat", Parts(host: "example.com", path: "/chat", authority: "example.com")),
            ("http://example.com/chat", Parts(host: "example.com", path: "/chat", authority: "example.com")),
            ("wss://example.com", Parts(isSecure: true, host: "example.com", port: 443, authority: "example.com")),
            ("https://example.com", Parts(isSecure: true, host: "example.com", port: 443, authority: "example.com")),
            // Ports: the scheme's own is left out of Host.
            ("ws://example.com:80", Parts(host: "example.com", authority: "example.com")),
            ("ws://example.com:443", Parts(host: "example.com", port: 443, authority: "example.com:443")),
            ("ws://example.com:3000", Parts(host: "example.com", port: 3000, authority: "example.com:3000")),
            ("ws://example.com:65535", Parts(host: "example.com", port: 65535, authority: "example.com:65535")),
            ("wss://example.com:443", Parts(isSecure: true, host: "example.com", port: 443, authority: "example.com")),
            (
                "wss://example.com:80",
                Parts(isSecure: true, host: "example.com", port: 80, authority: "example.com:80")
            ),
            // Addresses.
            ("ws://127.0.0.1:1", Parts(host: "127.0.0.1", port: 1, authority: "127.0.0.1:1")),
            ("ws://a:", Parts(host: "a", authority: "a")),
            ("ws://[::1]", Parts(host: "::1", authority: "[::1]")),
            (
                "ws://[2001:db8::1]:8080/x",
                Parts(host: "2001:db8::1", port: 8080, path: "/x", authority: "[2001:db8::1]:8080")
            ),
            // Path and query.
            ("ws://a?q=1", Parts(host: "a", path: "/?q=1", authority: "a")),
            ("ws://a/b/c?q=1&r=%20", Parts(host: "a", path: "/b/c?q=1&r=%20", authority: "a")),
            ("ws://a/b%2Fc", Parts(host: "a", path: "/b%2Fc", authority: "a")),
            ("ws://a/b?", Parts(host: "a", path: "/b?", authority: "a")),
            ("ws://a/b c", Parts(host: "a", path: "/b%20c", authority: "a")),
            ("ws://a/ü", Parts(host: "a", path: "/%C3%BC", authority: "a")),
            // User and password.
            ("ws://user:pass@a", Parts(host: "a", authority: "a", authorization: "Basic dXNlcjpwYXNz")),
            ("ws://user:1@a", Parts(host: "a", authority: "a", authorization: "Basic dXNlcjox")),
            ("ws://user@a", Parts(host: "a", authority: "a", authorization: "Basic dXNlcjo=")),
            (
                "ws://us%40er:p%3A%2F@a:81",
                Parts(host: "a", port: 81, authority: "a:81", authorization: "Basic dXNAZXI6cDov")
            ),
        ])
    func parts(text: String, expected: Parts) throws {
        let url = try WebSocketURL(text)
        #expect(
            Parts(
                isSecure: url.isSecure, host: url.host, port: url.port, path: url.path, authority: url.authority,
                authorization: url.authorization) == expected)
    }

    /// What an address holds cannot become lines of the request.
    @Test(arguments: ["ws://a/\r\nX: y", "ws://a/?\r\nX: y", "ws://a\r\nX: y/", "ws://a/\n", "ws://a/b\0"])
    func noLineBreaks(text: String) {
        guard let url = try? WebSocketURL(text) else { return }
        for part in [url.host, url.path, url.authority] {
            #expect(part.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "\(part.debugDescription)")
        }
    }

    @Test(
        arguments: [
            ("", "absolute"), ("example.com", "absolute"), ("/chat", "absolute"), ("//example.com/chat", "absolute"),
            ("ws", "absolute"), ("://a", "scheme"), ("ws://a b", "absolute"), ("ws://[::1", "absolute"),
            ("ftp://example.com", "scheme"), ("localhost:3000", "scheme"), ("file:///etc", "scheme"),
            ("wsx://a", "scheme"),
            ("ws:", "host"), ("ws://", "host"), ("ws:///chat", "host"), ("ws:example.com", "host"),
            ("ws://:80", "host"),
            ("ws://user@/", "host"),
            ("ws://a#", "fragment"), ("ws://a/#f", "fragment"), ("ws://a/?q#f", "fragment"),
            ("ws://a:0", "port"), ("ws://a:65536", "port"), ("ws://a:99999999999999999999", "port"),
            ("ws://a:x", "absolute"), ("ws://a:-1", "absolute"),
        ])
    func refused(text: String, reason: String) {
        let error = #expect(throws: DialError.self) { try WebSocketURL(text) }
        #expect("\(error.map { "\($0)" } ?? "")".hasPrefix("\(text) cannot be connected to: "))
        #expect(error.map { "\($0)" }?.contains(reason) == true, "\(error.map { "\($0)" } ?? "accepted")")
    }
}
