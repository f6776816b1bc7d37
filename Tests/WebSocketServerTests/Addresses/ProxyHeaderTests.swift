import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocketServer

struct ProxyHeaderTests {
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    private static func version2(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 0xFF)] + rest
    }

    private static let v4: [UInt8] = [192, 0, 2, 1, 192, 0, 2, 2, 0xDD, 0xD5, 0x01, 0xBB]
    private static let v6: [UInt8] =
        [0x20, 1, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [1] + [0x20, 1, 0x0D, 0xB8]
        + Array(repeating: 0, count: 11)
        + [2, 0xDD, 0xD5, 0x01, 0xBB]

    static let valid: [([UInt8], String?, Int?)] = [
        (Array("PROXY TCP4 192.0.2.1 192.0.2.2 56789 443\r\n".utf8), "192.0.2.1", 56789),
        (Array("PROXY TCP6 2001:db8::1 2001:db8::2 56789 443\r\n".utf8), "2001:db8::1", 56789),
        (Array("PROXY TCP4 192.0.2.1 192.0.2.2 0 65535\r\n".utf8), "192.0.2.1", 0),
        (Array("PROXY UNKNOWN\r\n".utf8), nil, nil),
        (Array("PROXY UNKNOWN ffff::1 ffff::2 1 2 whatever\r\n".utf8), nil, nil),
        (version2(0x21, 0x11, v4), "192.0.2.1", 56789),
        (version2(0x21, 0x21, v6), "2001:db8::1", 56789),
        // Something behind the addresses.
        (version2(0x21, 0x11, v4 + [4, 0, 3, 1, 2, 3]), "192.0.2.1", 56789),
        // The proxy speaks for itself.
        (version2(0x20, 0x00, []), nil, nil), (version2(0x20, 0x11, v4), nil, nil),
        (version2(0x21, 0x00, []), nil, nil),
        (version2(0x21, 0x31, Array(repeating: 0, count: 216)), nil, nil),
    ]

    @Test(arguments: valid)
    func isRead(bytes: [UInt8], address: String?, port: Int?) throws {
        var buffer = ByteBuffer(bytes: bytes + Array("GET".utf8))
        let header = try #require(try ProxyHeader(from: &buffer))
        #expect(header.source?.ipAddress == address)
        #expect(header.source?.port == port)
        #expect(String(buffer: buffer) == "GET")
    }

    /// Each part of it is no header yet, and no error.
    @Test(arguments: valid)
    func parts(bytes: [UInt8], address: String?, port: Int?) throws {
        for count in 0..<bytes.count {
            var buffer = ByteBuffer(bytes: bytes[..<count])
            let header = try ProxyHeader(from: &buffer)
            #expect(header == nil)
            #expect(buffer.readableBytes == count)
        }
    }

    static let lines: [String] = [
        "GET / HTTP/1.1\r\n",
        "PROXy",
        "PROXY\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56789 443\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56789\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56789 443 1\r\n",
        "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 65536 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 01 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 -1 443\r\n",
        "PROXY TCP4 ::1 ::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 host 192.0.2.2 1 2\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY UNKNOWN " + String(repeating: "x", count: 100),
    ]

    static let binary: [[UInt8]] = [
        version2(0x11, 0x11, v4), version2(0x22, 0x11, v4), version2(0x21, 0x12, v4), version2(0x21, 0x99, v4),
        version2(0x21, 0x11, Array(v4.dropLast())), version2(0x21, 0x21, v4), version2(0x21, 0x31, v4),
        signature + [0x21, 0x11, 0xFF, 0xFF], signature.dropLast() + [0x0B],
    ]

    @Test(arguments: lines.map { Array($0.utf8) } + binary)
    func isNone(bytes: [UInt8]) {
        #expect(throws: ProxyHeader.ParsingError.self) {
            var buffer = ByteBuffer(bytes: bytes)
            _ = try ProxyHeader(from: &buffer)
        }
    }

    /// Whatever bytes are changed, it does not crash, and takes no more than is there.
    @Test func changed() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<5000 {
            var bytes = Self.valid.randomElement(using: &random)!.0
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0 ... .max, using: &random)
            }
            var buffer = ByteBuffer(bytes: bytes)
            _ = try? ProxyHeader(from: &buffer)
        }
    }

    // MARK: The handler

    @Test(arguments: [1, 3, 1000])
    func passesOnWhatIsBehind(size: Int) throws {
        let channel = EmbeddedChannel()
        var headers: [ProxyHeader] = []
        try channel.pipeline.syncOperations.addHandler(ProxyProtocolHandler { headers.append(try! $0.get()) })
        let bytes = Self.valid[0].0 + Array("GET / HTTP/1.1\r\n\r\n".utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try channel.writeInbound(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
        }
        var passed = ByteBuffer()
        while var next: ByteBuffer = try channel.readInbound() { passed.writeBuffer(&next) }
        #expect(String(buffer: passed) == "GET / HTTP/1.1\r\n\r\n")
        #expect(headers.map(\.source?.port) == [56789])
        _ = try channel.finish()
    }

    @Test func policies() throws {
        let proxy = try SocketAddress(ipAddress: "10.0.0.1", port: 1)
        let policy = ProxyProtocol.required(from: [try AddressRange(parsing: "10.0.0.0/8"), .unix])
        #expect(policy.isRequired(from: proxy))
        #expect(policy.isRequired(from: nil))
        #expect(!policy.isRequired(from: try SocketAddress(ipAddress: "11.0.0.1", port: 1)))
        #expect(!ProxyProtocol.off.isRequired(from: proxy))
    }
}
