import RealtimeCore
import Testing

struct SessionIDTests {
    @Test(
        arguments: [
            (0, 0, "00000000000000000000000000000000"), (1, 2, "00000000000000010000000000000002"),
            (0xFEDC_BA98_7654_3210, .max, "fedcba9876543210ffffffffffffffff"),
        ] as [(UInt64, UInt64, String)])
    func text(high: UInt64, low: UInt64, text: String) throws {
        let id = SessionID(high: high, low: low)
        #expect(id.text == text)
        #expect(try SessionID(parsing: text) == id)
        #expect(id.description == text.prefix(8))
    }

    @Test(arguments: [
        "", "0", "0000000000000000000000000000000", "000000000000000000000000000000000",
        "FEDCBA9876543210ffffffffffffffff", "+edcba9876543210ffffffffffffffff", "gedcba9876543210ffffffffffffffff",
        " edcba9876543210ffffffffffffffff", "fedcba9876543210fffffffffffffff\u{FF46}",
    ])
    func notText(text: String) {
        #expect(throws: RealtimeError(.malformed(.session))) { try SessionID(parsing: text) }
    }
}
