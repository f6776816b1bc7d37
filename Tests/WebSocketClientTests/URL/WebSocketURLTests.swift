import Testing

@testable import WebSocketClient

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
            ("ws://a/b\0?c\0d", Parts(host: "a", path: "/b%00?c%00d", authority: "a")),
            (
                "ws://a/\"<>`{}^|'[]?\"<>`{}^|'[]",
                Parts(host: "a", path: "/%22%3C%3E%60%7B%7D%5E|'[]?%22%3C%3E`{}^|%27[]", authority: "a")
            ),
            ("ws://a/%zz%", Parts(host: "a", path: "/%zz%", authority: "a")),
            ("ws://a/b/../c/./d", Parts(host: "a", path: "/c/d", authority: "a")),
            ("ws://a/b/%2E%2e/c/%2e", Parts(host: "a", path: "/c/", authority: "a")),
            ("ws://a/../..", Parts(host: "a", path: "/", authority: "a")),
            ("ws://a/b/..", Parts(host: "a", path: "/", authority: "a")),
            ("ws://a//b//", Parts(host: "a", path: "//b//", authority: "a")),
            ("ws://a\\b\\c?\\", Parts(host: "a", path: "/b/c?\\", authority: "a")),
            // Slashes that are missing, or too many.
            ("ws:a", Parts(host: "a", authority: "a")),
            ("ws:/a/b", Parts(host: "a", path: "/b", authority: "a")),
            ("ws:///chat", Parts(host: "chat", authority: "chat")),
            ("ws:\\\\a", Parts(host: "a", authority: "a")),
            // What is around, and line breaks, are no part of it.
            (" \u{0}ws://a/\u{1F} ", Parts(host: "a", authority: "a")),
            ("w\ns:/\t/a/b\r\nc", Parts(host: "a", path: "/bc", authority: "a")),
            // Hosts.
            ("ws://EXAMPLE.Com", Parts(host: "example.com", authority: "example.com")),
            ("ws://ex%41mple", Parts(host: "example", authority: "example")),
            ("ws://a.b.", Parts(host: "a.b.", authority: "a.b.")),
            ("ws://a_b", Parts(host: "a_b", authority: "a_b")),
            ("ws://xn--mnchen-3ya.de", Parts(host: "xn--mnchen-3ya.de", authority: "xn--mnchen-3ya.de")),
            ("ws://0x7f.1", Parts(host: "127.0.0.1", authority: "127.0.0.1")),
            ("ws://2130706433", Parts(host: "127.0.0.1", authority: "127.0.0.1")),
            ("ws://0177.0.0.1.", Parts(host: "127.0.0.1", authority: "127.0.0.1")),
            ("ws://[0:0:0::0001]", Parts(host: "::1", authority: "[::1]")),
            ("ws://[1:0:0:2:0:0:0:3]", Parts(host: "1:0:0:2::3", authority: "[1:0:0:2::3]")),
            ("ws://[::ffff:1.2.3.4]", Parts(host: "::ffff:102:304", authority: "[::ffff:102:304]")),
            // User and password.
            ("ws://user:pass@a", Parts(host: "a", authority: "a", authorization: "Basic dXNlcjpwYXNz")),
            ("ws://user:1@a", Parts(host: "a", authority: "a", authorization: "Basic dXNlcjox")),
            ("ws://us@er:p@a", Parts(host: "a", authority: "a", authorization: "Basic dXNAZXI6cA==")),
            ("ws://:p@a", Parts(host: "a", authority: "a", authorization: "Basic OnA=")),
            ("ws://@a", Parts(host: "a", authority: "a")),
            ("ws://:@a", Parts(host: "a", authority: "a")),
            ("ws://%FF:p@a", Parts(host: "a", authority: "a", authorization: "Basic /zpw")),
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
            ("ws", "absolute"), ("://a", "absolute"), ("1s://a", "absolute"), ("w s://a", "absolute"),
            ("ws://a b", "host"), ("ws://a%20b", "host"), ("ws://a%00", "host"), ("ws://a<b", "host"),
            ("ws://a%", "host"), ("ws://a%2Fb", "host"), ("ws://a^b", "host"), ("ws://a|b", "host"),
            ("ws://[::1", "host"), ("ws://[::1/]", "host"), ("ws://[::1]x", "host"), ("ws://a]", "host"),
            ("ws://[]", "IPv6"),
            ("ws://[::1%25eth0]", "IPv6"), ("ws://[1:2]", "IPv6"), ("ws://[::1::]", "IPv6"), ("ws://[:1]", "IPv6"),
            ("ws://[12345::]", "IPv6"), ("ws://[1:2:3:4:5:6:7:8:9]", "IPv6"), ("ws://[::1.2.3]", "IPv6"),
            ("ws://[1:2:3:4:5:6:7:]", "IPv6"),
            ("ws://256.1.1.1", "IPv4"), ("ws://1.2.3.4.5", "IPv4"), ("ws://a.1", "IPv4"), ("ws://4294967296", "IPv4"),
            ("ws://1..2", "IPv4"), ("ws://a.0x", "IPv4"), ("ws://08", "IPv4"),
            ("ws://münchen.de", "punycode"), ("ws://m%C3%BCnchen.de", "punycode"),
            ("ftp://example.com", "scheme"), ("localhost:3000", "scheme"), ("file:///etc", "scheme"),
            ("wsx://a", "scheme"),
            ("ws:", "host"), ("ws://", "host"), ("ws://?q", "host"), ("mailto:a@b", "scheme"),
            ("about:blank", "scheme"),
            ("ws://:80", "host"),
            ("ws://user@/", "host"),
            ("ws://a#", "fragment"), ("ws://a/#f", "fragment"), ("ws://a/?q#f", "fragment"),
            ("ws://a:0", "port"), ("ws://a:65536", "port"), ("ws://a:99999999999999999999", "port"),
            ("ws://a:x", "port"), ("ws://a:-1", "port"), ("ws://a:8 0", "port"),
        ])
    func refused(text: String, reason: String) {
        let error = #expect(throws: DialError.self) { try WebSocketURL(text) }
        #expect("\(error.map { "\($0)" } ?? "")".hasPrefix("\(text) cannot be connected to: "))
        #expect(error.map { "\($0)" }?.contains(reason) == true, "\(error.map { "\($0)" } ?? "accepted")")
    }

    /// As a browser's `url` attribute has it.
    @Test(
        arguments: [
            ("ws://example.com", "ws://example.com/"), ("HTTPS://Example.COM:443", "wss://example.com/"),
            ("http://a:443/b?", "ws://a:443/b?"), ("ws:a/../b c", "ws://a/b%20c"), ("ws://[::0:1]:1", "ws://[::1]:1/"),
            ("ws://u:p@a", "ws://u:p@a/"), ("ws://u:@a", "ws://u@a/"), ("ws://:p@a", "ws://:p@a/"),
            ("ws://@a", "ws://a/"),
            ("ws://u;ü:p:q@a", "ws://u%3B%C3%BC:p%3Aq@a/"),
        ])
    func href(text: String, href: String) throws {
        let url = try WebSocketURL(text)
        #expect(url.href == href)
        // It stands for itself, and the description tells no password.
        #expect(try WebSocketURL(url.href) == url)
        #expect(!"\(url)".contains("@"))
    }

    @Test(
        arguments: [
            ("/x", "ws://u:p@a:1/x"), ("x", "ws://u:p@a:1/b/x"), ("../x?y", "ws://u:p@a:1/x?y"),
            ("", "ws://u:p@a:1/b/c?q"), ("?r", "ws://u:p@a:1/b/c?r"), ("#f", "ws://u:p@a:1/b/c?q"),
            ("./", "ws://u:p@a:1/b/"), ("//other/x", "ws://other/x"), ("\\\\other", "ws://other/"),
            ("ws://other", "ws://other/"), ("http:x", "ws://u:p@a:1/b/x"), ("http:/x", "ws://u:p@a:1/x"),
            ("https://other/x#f", "wss://other/x"), ("wss:x", "wss://x/"), ("x:y", nil), ("http://", nil), ("//", nil),
        ] as [(String, String?)])
    func relative(text: String, href: String?) throws {
        let base = try WebSocketURL("ws://u:p@a:1/b/c?q")
        #expect((try? WebSocketURL(text, relativeTo: base))?.href == href)
    }
}
