import Testing

@testable import WebSocketClient

struct PercentEncodingTests {
    @Test func encode() {
        #expect(PercentEncoding.encode("a %20\u{0}\u{7F}ü?".utf8, .path) == "a%20%20%00%7F%C3%BC%3F")
        #expect(PercentEncoding.encode("a?/'`".utf8, .query) == "a?/%27`")
        #expect(PercentEncoding.encode("a:b@c/'".utf8, .userinfo) == "a%3Ab%40c%2F'")
    }

    @Test(
        arguments: [
            ("", ""), ("a%41b", "aAb"), ("%c3%BC", "ü"), ("%", "%"), ("%4", "%4"), ("%4g", "%4g"), ("%%41", "%A"),
            ("100%41", "100A"),
        ])
    func decode(text: String, decoded: String) {
        #expect(PercentEncoding.decode(text.utf8) == Array(decoded.utf8))
    }
}
