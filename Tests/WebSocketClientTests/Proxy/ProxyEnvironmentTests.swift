import Testing

@testable import WebSocketClient

struct ProxyEnvironmentTests {
    private func proxy(_ url: String, _ variables: [String: String]) throws -> String? {
        try ProxyEnvironment(variables).server(for: try WebSocketURL(url)).map { "\($0)" }
    }

    @Test(
        arguments: [
            ([:], nil, nil),
            (["http_proxy": "h:1"], "http://h:1", nil),
            // A request's field Proxy would come to a CGI program as this.
            (["HTTP_PROXY": "h:1"], nil, nil),
            (["https_proxy": "s:1"], nil, "http://s:1"), (["HTTPS_PROXY": "s:1"], nil, "http://s:1"),
            (["https_proxy": "s:1", "HTTPS_PROXY": "t:1"], nil, "http://s:1"),
            (["https_proxy": "", "HTTPS_PROXY": "t:1"], nil, "http://t:1"),
            (["all_proxy": "socks5://a"], "socks5://a:1080", "socks5://a:1080"),
            (["ALL_PROXY": "socks5h://a:1"], "socks5://a:1", "socks5://a:1"),
            (["all_proxy": "a:1", "ALL_PROXY": "b:1"], "http://a:1", "http://a:1"),
            (["all_proxy": "a:1", "http_proxy": "h:1"], "http://h:1", "http://a:1"),
        ] as [([String: String], String?, String?)])
    func variables(variables: [String: String], plain: String?, secure: String?) throws {
        #expect(try self.proxy("ws://example.com", variables) == plain)
        #expect(try self.proxy("wss://example.com", variables) == secure)
    }

    @Test(arguments: [
        "ws://localhost:1", "ws://LOCALHOST", "ws://127.0.0.1", "ws://127.1.2.3", "ws://[::1]", "ws://localhost.",
    ])
    func notForThisMachine(url: String) throws {
        #expect(try self.proxy(url, ["http_proxy": "h:1"]) == nil)
    }

    @Test(
        arguments: [
            ("*", "ws://example.com", true), ("", "ws://example.com", false), ("other.com", "ws://example.com", false),
            ("example.com", "ws://example.com", true), ("EXAMPLE.com", "ws://example.com", true),
            ("example.com", "ws://a.b.example.com", true), ("example.com", "ws://anexample.com", false),
            (".example.com", "ws://example.com", true), (".example.com", "ws://a.example.com", true),
            ("*.example.com", "ws://a.example.com", true), ("example.com.", "ws://example.com", true),
            ("example.com", "ws://example.com.", true), ("com", "ws://example.com", true),
            ("a,example.com", "ws://example.com", true), ("a example.com b", "ws://example.com", true),
            (" a , example.com ", "ws://example.com", true), ("a*", "ws://example.com", false),
            ("example.com:80", "ws://example.com", true), ("example.com:81", "ws://example.com", false),
            ("example.com:81", "ws://example.com:81", true), ("example.com:", "ws://example.com", false),
            ("10.1.2.3", "ws://10.1.2.3", true), ("10.1.2.3", "ws://10.1.2.30", false),
            ("10.1.2.3:80", "ws://10.1.2.3", true), ("10.1.2.3:81", "ws://10.1.2.3", false),
            ("10.0.0.0/8", "ws://10.1.2.3", true), ("10.0.0.0/16", "ws://10.1.2.3", false),
            ("10.0.0.0/33", "ws://10.1.2.3", false), ("10.0.0.0/x", "ws://10.1.2.3", false),
            ("10.0.0.0/8", "ws://example.com", false), ("3", "ws://10.1.2.3", false),
            ("2001:db8::1", "ws://[2001:db8::1]", true), ("[2001:db8::1]", "ws://[2001:db8::1]", true),
            ("[2001:db8::1]:80", "ws://[2001:db8::1]", true), ("[2001:db8::1]:81", "ws://[2001:db8::1]", false),
            ("2001:db8::/32", "ws://[2001:db8::1]", true), ("2001:db9::/32", "ws://[2001:db8::1]", false),
            (":", "ws://example.com", false), (".", "ws://example.com", false), ("*.", "ws://example.com", false),
        ])
    func exempt(list: String, url: String, isExempt: Bool) throws {
        for name in ["no_proxy", "NO_PROXY"] {
            #expect((try self.proxy(url, ["all_proxy": "h:1", name: list]) == nil) == isExempt)
        }
    }

    /// What is wrong is told with the variable's name, and without its value, where a password may stand.
    @Test func badValue() {
        let error = #expect(throws: DialError.self) {
            try self.proxy("ws://example.com", ["http_proxy": "https://user:secret@h"])
        }
        #expect(error.map { "\($0)" } == "the proxy cannot be used: http_proxy: its scheme is neither http nor socks5")
    }

    @Test func ofProcess() {
        #expect(ProxyEnvironment.ofProcess["PATH"] != nil)
    }
}
