import RealtimeCore
import Testing

struct MemberIDTests {
    @Test(arguments: ["ann", "a/b", ".", "ann@example.org", "安", String(repeating: "x", count: 128)])
    func allowed(text: String) throws {
        let id = try MemberID(text)
        #expect(id.text == text)
        #expect(id.description == text)
    }

    @Test func refused() {
        #expect(throws: RealtimeError(.empty(.member))) { try MemberID("") }
        #expect(throws: RealtimeError(.character(.member, "\n"))) { try MemberID("a\n") }
        #expect(throws: RealtimeError(.tooLong(.member, size: 129, limit: 128))) {
            try MemberID(String(repeating: "x", count: 129))
        }
    }

    @Test func order() throws {
        let ids = try ["b", "a", "é", "aa"].map { text throws(RealtimeError) in try MemberID(text) }
        #expect(ids.sorted().map(\.text) == ["a", "aa", "b", "é"])
    }
}
