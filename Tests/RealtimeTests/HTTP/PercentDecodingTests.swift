import Testing

@testable import Realtime

@Suite struct PercentDecodingTests {
    @Test(arguments: [
        ("", ""), ("chat", "chat"), ("a%20b", "a b"), ("%C3%A4", "ä"), ("%c3%a4", "ä"), ("ä", "ä"), ("a+b", "a+b"),
        ("%2F", "/"), ("%2525", "%25"), ("%00", "\0"),
    ])
    func undoesIt(_ encoded: String, _ decoded: String) {
        #expect(PercentDecoding.decode(encoded) == decoded)
    }

    @Test(arguments: ["%", "%2", "%2g", "%g2", "a%", "%C3", "%FF", "%ED%A0%80", "%C0%AF", "%+1"])
    func refusesWhatIsNone(_ encoded: String) {
        #expect(PercentDecoding.decode(encoded) == nil)
    }
}
