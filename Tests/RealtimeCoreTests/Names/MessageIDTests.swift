import RealtimeCore
import Testing

struct MessageIDTests {
    @Test(arguments: ["1", "8e03978e-40d5-43e8-bc93-6894a57f9324", "!~", String(repeating: "x", count: 128)])
    func allowed(text: String) throws {
        let id = try MessageID(text)
        #expect(id.text == text)
        #expect(id.description == text)
    }

    @Test(arguments: [" ", "a b", "é", "\u{7F}", "\0"]) func refused(text: String) {
        #expect(throws: RealtimeError.self) { try MessageID(text) }
    }

    @Test func length() {
        #expect(throws: RealtimeError(.empty(.messageID))) { try MessageID("") }
        #expect(throws: RealtimeError(.tooLong(.messageID, size: 129, limit: 128))) {
            try MessageID(String(repeating: "x", count: 129))
        }
    }
}
