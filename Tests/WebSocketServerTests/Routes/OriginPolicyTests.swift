import HTTPTypes
import Testing
import WebSocketServer

struct OriginPolicyTests {
    private func request(_ authority: String?, _ origins: [String], scheme: String? = nil) -> HTTPRequest {
        var request = HTTPRequest(method: .get, scheme: scheme, authority: authority, path: "/")
        for origin in origins { request.headerFields.append(HTTPField(name: .origin, value: origin)) }
        return request
    }

    @Test(
        arguments: [
            ("example.com", [], true),
            ("example.com", ["http://example.com"], true),
            ("example.com", ["https://example.com"], true),
            ("Example.COM", ["https://exAMPLE.com"], true),
            ("example.com:8080", ["http://example.com:8080"], true),
            ("[::1]:3000", ["http://[::1]:3000"], true),
            ("example.com", ["http://example.com:8080"], false),
            ("example.com:8080", ["http://example.com"], false),
            ("example.com", ["http://evil.example.com"], false),
            ("example.com", ["http://example.com.evil.example"], false),
            ("example.com", ["http://evil.example/http://example.com"], false),
            ("example.com", ["ftp://example.com"], false),
            ("example.com", ["example.com"], false),
            ("example.com", ["null"], false),
            ("example.com", [""], false),
            ("example.com", ["http://example.com", "http://example.com"], false),
            (nil, ["http://example.com"], false),
            (nil, ["http://"], false),
        ] as [(String?, [String], Bool)])
    func sameOrigin(authority: String?, origins: [String], isAllowed: Bool) {
        #expect(OriginPolicy.sameOrigin.allows(self.request(authority, origins)) == isAllowed)
    }

    /// Where the scheme is known, it has to fit.
    @Test(
        arguments: [
            ("https", "https://example.com", true), ("HTTPS", "https://example.com", true),
            ("https", "http://example.com", false), ("http", "http://example.com", true),
            ("http", "https://example.com", false), (nil, "http://example.com", true),
            (nil, "https://example.com", true),
        ] as [(String?, String, Bool)])
    func scheme(scheme: String?, origin: String, isAllowed: Bool) {
        let request = self.request("example.com", [origin], scheme: scheme)
        #expect(OriginPolicy.sameOrigin.allows(request) == isAllowed)
        #expect(OriginPolicy.list([origin]).allows(request))
    }

    @Test(
        arguments: [
            ([], true),
            (["https://a.example"], true),
            (["HTTPS://A.example"], true),
            (["http://b.example:81"], true),
            (["http://a.example"], false),
            (["https://a.example:443"], false),
            (["http://b.example"], false),
            (["https://server.example"], false),
            (["null"], false),
            (["https://a.example", "http://evil.example"], false),
        ] as [([String], Bool)])
    func list(origins: [String], isAllowed: Bool) {
        let policy = OriginPolicy.list(["https://a.example", "http://B.example:81"])
        #expect(policy.allows(self.request("server.example", origins)) == isAllowed)
    }

    @Test(arguments: [[], ["http://example.com"], ["null"], ["http://a.example", "http://b.example"]])
    func any(origins: [String]) {
        #expect(OriginPolicy.any.allows(self.request("server.example", origins)))
    }
}
