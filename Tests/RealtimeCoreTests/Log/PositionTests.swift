import RealtimeCore
import Testing

struct PositionTests {
    private let epoch = Epoch(random: 12345)

    @Test(arguments: [0, 1, 9, 10, 99, 1 << 53, UInt64.max - 1, .max] as [UInt64])
    func thereAndBack(offset: UInt64) throws {
        let position = Position(epoch: self.epoch, offset: offset)
        #expect(position.text == "9ix:\(offset)")
        #expect(position.text.utf8.count <= Position.maxLength)
        let whole = try Position(parsing: position.text)
        #expect(whole == position)
        let parts = try Position(parsingEpoch: "9ix", offset: String(offset)[...])
        #expect(parts == position)
    }

    @Test(arguments: [
        "", "+1", "-0", "-1", "00", "01", "1 ", " 1", "1.0", "1e3", "0x1", "18446744073709551616",
        "18446744073709551620", "99999999999999999999", "100000000000000000000", "１", "1\u{301}", "1:",
    ])
    func notAnOffset(text: String) throws {
        let parts = #expect(throws: RealtimeError.self) { try Position(parsingEpoch: "9ix", offset: text) }
        #expect(parts == RealtimeError(.malformed(.offset)))
        #expect(throws: RealtimeError.self) { try Position(parsing: "9ix:" + text) }
    }

    @Test(arguments: [
        "", ":", "9ix", "9ix:", ":1", "9ix:1:", "9ix::1", " 9ix:1", "9IX:1", "9ix;1", "09ix:1", "9ix:1\n",
    ])
    func notAPosition(text: String) {
        #expect(throws: RealtimeError.self) { try Position(parsing: text) }
    }

    /// It is refused by its length, without being read.
    @Test func longText() {
        let text = "9ix:" + String(repeating: "1", count: 10_000)
        #expect(throws: RealtimeError(.malformed(.position))) { try Position(parsing: text) }
    }

    @Test func orderWithinAnEpoch() {
        let first = Position(epoch: self.epoch, offset: 1)
        let second = Position(epoch: self.epoch, offset: 2)
        let other = Position(epoch: Epoch(random: 1), offset: 2)
        #expect(first.isBefore(second) == true)
        #expect(second.isBefore(first) == false)
        #expect(first.isBefore(first) == false)
        #expect(first.isBefore(other) == nil)
    }
}
