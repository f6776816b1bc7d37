import Testing

@testable import WebSocketClient

/// What is checked with real certificates is in WebSocketClient+TLSTests.
struct DomainNameTests {
    @Test(
        arguments: [
            ("example.com", "example.com", true), ("EXAMPLE.com", "example.COM", true),
            ("example.com.", "example.com", true), ("example.com", "example.com.", true),
            ("localhost", "localhost", true),
            ("*.example.com", "a.example.com", true), ("*.example.com", "A.EXAMPLE.com.", true),
            ("*.example.com", "example.com", false), ("*.example.com", "a.b.example.com", false),
            ("a*.example.com", "ab.example.com", false), ("a.*.com", "a.b.com", false), ("*", "localhost", false),
            ("*.example.com", ".example.com", false), ("example.com", "xexample.com", false), ("", "", false),
            ("example.com\0.evil.com", "example.com", false), ("*.", "a.", false), ("**.com", "ab.com", false),
        ])
    func pattern(pattern: String, name: String, matches: Bool) {
        #expect(DomainName.pattern(Array(pattern.utf8), matches: name) == matches)
    }
}
