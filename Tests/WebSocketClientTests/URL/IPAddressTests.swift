import Testing

@testable import WebSocketClient

struct IPAddressTests {
    @Test(
        arguments: [
            ("1.2.3.4", [1, 2, 3, 4]), ("255.255.255.255", [255, 255, 255, 255]),
            ("::", Array(repeating: 0, count: 16)), ("::1", Array(repeating: 0, count: 15) + [1]),
            ("2001:db8::ff00:42", [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0x42]),
            ("64:ff9b::1.2.3.4", [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
        ] as [(String, [UInt8])])
    func text(text: String, bytes: [UInt8]) {
        #expect(IPAddress(text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.", "1.2.3.256", "1.2.3.x", "1..3.4", "a", ":", ":::", "1:", ":1", "1:2:3:4:5:6:7", "g::",
        "1::2::3", "::1%lo", "1:2:3:4:5:6:7:8::", "::1.2.3.4.5", "::1.2.3.4:1", "1:2:3:4:5:6:7:1.2.3.4", "-1.2.3.4",
    ])
    func refused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        "1.2.3.4", "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:0:2::3", "1::2:0:0:3", "2001:db8::1", "1:2:3:4:5:6:7:0",
    ])
    func description(text: String) throws {
        #expect("\(try #require(IPAddress(text)))" == text)
    }

    @Test func count() {
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
        #expect(IPAddress(bytes: [1, 2, 3, 4])?.isV6 == false)
    }

    @Test(
        arguments: [
            ("10.1.2.3", 8, "10.9.9.9", true), ("10.1.2.3", 16, "10.2.2.3", false), ("10.1.2.3", 0, "1.1.1.1", true),
            ("10.1.2.127", 25, "10.1.2.0", true), ("10.1.2.128", 25, "10.1.2.0", false),
            ("10.1.2.3", 32, "10.1.2.3", true), ("10.1.2.3", 33, "10.1.2.3", false), ("::", 0, "1.2.3.4", false),
            ("fe80::1", 10, "febf::", true), ("fe80::1", 10, "fec0::", false),
        ])
    func blocks(address: String, bits: Int, other: String, isIn: Bool) throws {
        let (address, other) = (try #require(IPAddress(address)), try #require(IPAddress(other)))
        #expect(address.shares(bits, with: other) == isIn)
    }

    @Test(arguments: [("127.0.0.1", true), ("127.9.9.9", true), ("128.0.0.1", false), ("::1", true), ("::", false)])
    func loopback(text: String, isLoopback: Bool) {
        #expect(IPAddress(text)?.isLoopback == isLoopback)
    }
}
