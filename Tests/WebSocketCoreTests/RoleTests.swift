import Testing
import WebSocketCore

@Suite struct RoleTests {
    /// The role decides which direction is masked (RFC 6455, section 5.1).
    @Test func masks() {
        for (role, masked) in [(Role.server, true), (.client, false)] {
            var parser = FrameParser(role: role)
            var bytes: [UInt8] = masked ? [0x81, 0x80, 1, 2, 3, 4] : [0x81, 0x00]
            var offset = 0
            let event = bytes.withUnsafeMutableBytes { parser.next(in: $0, at: &offset) }
            guard case .data(let data) = event else {
                Issue.record("\(role): \(event)")
                continue
            }
            #expect(data.isLast && data.range.isEmpty)
        }
    }
}
