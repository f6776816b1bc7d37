import NIOCore
import Testing
import WebSocketServer

struct AddressRangeTests {
    private func address(_ text: String) throws -> SocketAddress {
        try SocketAddress(ipAddress: text, port: 80)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.0.0.0/8", "::1", false),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false), ("192.0.2.128/25", "192.0.2.127", false),
        ("192.0.2.128/25", "192.0.2.200", true), ("0.0.0.0/0", "1.2.3.4", true), ("0.0.0.0/0", "::2", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false), ("::1", "::1", true),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("::/0", "fe80::1", true),
        ("10.0.0.1/32", "10.0.0.1", true), ("10.0.0.0/31", "10.0.0.1", true), ("10.0.0.0/31", "10.0.0.2", false),
    ])
    func contains(range: String, text: String, expected: Bool) throws {
        let contains = try AddressRange(parsing: range).contains(self.address(text))
        #expect(contains == expected)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.1/8", "10.0.0/8",
        "10.0.0.0/8/8", "2001:db8::1/32", "::/129", "localhost", "fe80::1%lo", "10.0.0.0 /8", "unix", "10.0.0.0/٨",
    ])
    func isNone(text: String) {
        #expect(throws: AddressRange.ParsingError.self) { _ = try AddressRange(parsing: text) }
    }

    @Test func reasons() {
        let bits = #expect(throws: AddressRange.ParsingError.self) { _ = try AddressRange(parsing: "10.0.0.1/8") }
        #expect(bits?.description == "\"10.0.0.1/8\" has bits set beyond the first 8")
        let none = #expect(throws: AddressRange.ParsingError.self) { _ = try AddressRange(parsing: "here") }
        #expect(none?.description == "\"here\" is no address and no range such as 10.0.0.0/8")
    }

    @Test func unixSockets() throws {
        let unix = try AddressRange(parsing: "unix:")
        #expect(unix == .unix)
        #expect(unix.contains(try SocketAddress(unixDomainSocketPath: "/s")))
        #expect(!unix.contains(try self.address("127.0.0.1")))
        #expect(!AddressRange.loopback.contains { $0.contains(try! SocketAddress(unixDomainSocketPath: "/s")) })
    }

    @Test(arguments: ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1", "unix:"])
    func asText(text: String) throws {
        #expect(try AddressRange(parsing: text).description == text)
    }

    /// Against a model that looks at bits one by one.
    @Test func randomRanges() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bits = Int.random(in: 0...32, using: &random)
            let base = UInt32.random(in: 0 ... .max, using: &random)
            let masked = bits == 0 ? 0 : base & ~UInt32((UInt64(1) << (32 - bits)) - 1)
            let other =
                Bool.random(using: &random)
                ? UInt32.random(in: 0 ... .max, using: &random)
                : base ^ (1 << UInt32.random(in: 0..<32, using: &random))
            func text(_ number: UInt32) -> String {
                [24, 16, 8, 0].map { String(number >> $0 & 0xFF) }.joined(separator: ".")
            }
            let expected = (0..<bits).allSatisfy { masked >> (31 - $0) & 1 == other >> (31 - $0) & 1 }
            let range = try AddressRange(parsing: "\(text(masked))/\(bits)")
            let contains = range.contains(try self.address(text(other)))
            #expect(contains == expected, "\(range) \(text(other))")
        }
    }
}
