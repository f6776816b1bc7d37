import Testing

@testable import WebSocketClient

struct DialProxyTests {
    @Test(
        arguments: [
            ("http://p", DialProxy.http(host: "p", port: 80)), ("http://p:3128/", .http(host: "p", port: 3128)),
            ("p:3128", .http(host: "p", port: 3128)), ("p", .http(host: "p", port: 80)),
            ("HTTP://P:1", .http(host: "p", port: 1)),
            ("user:secret@p:1", .http(host: "p", port: 1, username: "user", password: "secret")),
            ("http://u%3A:p%40%20@p:1", .http(host: "p", port: 1, username: "u:", password: "p@ ")),
            ("http://u@p:1", .http(host: "p", port: 1, username: "u", password: "")),
            ("http://[::1]:1", .http(host: "::1", port: 1)), ("socks5://p", .socks5(host: "p")),
            ("socks5h://p:1", .socks5(host: "p", port: 1)), ("socks://127.0.0.1", .socks5(host: "127.0.0.1")),
            ("socks5://u:p@p", .socks5(host: "p", username: "u", password: "p")),
        ])
    func address(text: String, proxy: DialProxy) throws {
        #expect(try DialProxy(text) == proxy)
    }

    @Test(arguments: [
        ("", "host"), ("http://", "host"), ("https://p", "scheme"), ("socks4://p", "scheme"), ("p:0", "port"),
        ("p:x", "port"), ("http://secret:secret@", "host"), ("secret:secret@p:x", "port"),
    ])
    func badAddress(text: String, reason: String) {
        let error = #expect(throws: DialError.self) { try DialProxy(text) }
        let line = error.map { "\($0)" } ?? ""
        #expect(line.hasPrefix("the proxy cannot be used: ") && line.contains(reason), "\(line)")
        #expect(!line.contains("secret"))
    }

    @Test func descriptionTellsNoPassword() {
        let proxy = DialProxy.http(host: "::1", port: 1, username: "user", password: "secret")
        #expect("\(proxy)" == "http://[::1]:1")
        #expect("\(DialProxy.socks5(host: "p", username: "user", password: "secret"))" == "socks5://p:1080")
        #expect("\(DialProxy.none)" == "none")
        #expect("\(DialProxy.environment)" == "environment")
    }

    @Test func serverForAnAddress() throws {
        let url = try WebSocketURL("ws://example.com")
        let environment = { ["http_proxy": "fromenv"] }
        #expect(try DialProxy.none.server(for: url, environment: environment) == nil)
        #expect(try DialProxy.environment.server(for: url, environment: environment)?.host == "fromenv")
        #expect(try DialProxy.socks5(host: "p").server(for: url, environment: environment)?.host == "p")
    }
}
