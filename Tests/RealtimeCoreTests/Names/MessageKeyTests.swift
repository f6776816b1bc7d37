import RealtimeCore
import Testing

struct MessageKeyTests {
    @Test func allowedAndRefused() throws {
        #expect(try MessageKey("courier 7").text == "courier 7")
        #expect(throws: RealtimeError(.empty(.messageKey))) { try MessageKey("") }
        #expect(throws: RealtimeError(.character(.messageKey, "\u{85}"))) { try MessageKey("\u{85}") }
        #expect(throws: RealtimeError(.tooLong(.messageKey, size: 129, limit: 128))) {
            try MessageKey(String(repeating: "x", count: 129))
        }
    }
}
