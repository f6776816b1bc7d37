import RealtimeCore
import Testing

struct EpochTests {
    @Test(
        arguments: [
            (0, "0"), (35, "z"), (36, "10"), (UInt64.max, "3w5e11264sgsf"), (0x1234_5678_9ABC_DEF0, "9ys742pps3qo"),
        ] as [(UInt64, String)])
    func text(bits: UInt64, text: String) throws {
        let epoch = Epoch(random: bits)
        #expect(epoch.text == text)
        #expect(epoch.text.utf8.count <= Epoch.maxLength)
        let read = try Epoch(parsing: epoch.text)
        #expect(read == epoch)
    }

    @Test(arguments: [
        "", " ", "-1", "+1", "01", "00", "A", "1Z", "a:", "a b", "3w5e11264sgsg", "zzzzzzzzzzzzz", "10000000000000",
        "é", "１", "a\u{301}", "a\n",
    ])
    func notText(text: String) {
        #expect(throws: RealtimeError(.malformed(.epoch))) { try Epoch(parsing: text) }
    }
}
