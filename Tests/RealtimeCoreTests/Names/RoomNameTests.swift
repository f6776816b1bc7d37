import RealtimeCore
import Testing

struct RoomNameTests {
    @Test(arguments: [
        "lobby", "a", "...", ".a", "match 7", " ", "聊天室", "🏠", "a:b", "100%", "a?b#c&d", "\"<>'", "\u{A0}",
        String(repeating: "x", count: 128), String(repeating: "é", count: 64),
    ])
    func allowed(text: String) throws {
        let name = try RoomName(text)
        #expect(name.text == text)
        #expect(name.description == text)
    }

    @Test func refused() {
        #expect(throws: RealtimeError(.empty(.room))) { try RoomName("") }
        #expect(throws: RealtimeError(.dots(.room))) { try RoomName(".") }
        #expect(throws: RealtimeError(.dots(.room))) { try RoomName("..") }
        #expect(throws: RealtimeError(.tooLong(.room, size: 129, limit: 128))) {
            try RoomName(String(repeating: "x", count: 129))
        }
        #expect(throws: RealtimeError(.tooLong(.room, size: 130, limit: 128))) {
            try RoomName(String(repeating: "é", count: 65))
        }
    }

    @Test(
        arguments: [
            "/", "\\", "\0", "\t", "\n", "\r", "\u{1F}", "\u{7F}", "\u{80}", "\u{9F}", "\u{2028}", "\u{2029}",
            "\u{202E}",
            "\u{2066}", "\u{2069}",
        ] as [Unicode.Scalar])
    func refused(scalar: Unicode.Scalar) {
        for text in ["\(scalar)", "a\(scalar)", "\(scalar)a", "a\(scalar)\u{301}"] {
            #expect(throws: RealtimeError(.character(.room, scalar))) { try RoomName(text) }
        }
    }

    /// "\r\n" is one `Character`.
    @Test func lineEnd() {
        #expect(throws: RealtimeError(.character(.room, "\r"))) { try RoomName("a\r\nb") }
    }

    /// To `String` they are equal.
    @Test func namesAreBytes() throws {
        let (composed, decomposed) = (try RoomName("\u{E9}"), try RoomName("e\u{301}"))
        #expect(composed.text == decomposed.text)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, try RoomName("\u{E9}")]).count == 2)
        #expect(decomposed < composed)
        let whole = "xlobbyx"
        #expect(try RoomName(whole.dropFirst().dropLast()) == RoomName("lobby"))
    }
}
