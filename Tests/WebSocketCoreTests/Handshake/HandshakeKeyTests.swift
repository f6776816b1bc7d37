import Testing
import WebSocketCore

struct HandshakeKeyTests {
    /// The sample of RFC 6455, section 1.3.
    @Test func sample() {
        let nonce = SIMD16<UInt8>([
            0x74, 0x68, 0x65, 0x20, 0x73, 0x61, 0x6D, 0x70, 0x6C, 0x65, 0x20, 0x6E, 0x6F, 0x6E, 0x63, 0x65,
        ])
        #expect(HandshakeKey.key(nonce: nonce) == "dGhlIHNhbXBsZSBub25jZQ==")
        #expect(HandshakeKey.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(HandshakeKey.isValid("dGhlIHNhbXBsZSBub25jZQ=="))
    }

    /// Section 4.1's example: the bytes 1 to 16.
    @Test func bytesInOrder() {
        let nonce = SIMD16<UInt8>([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
        #expect(HandshakeKey.key(nonce: nonce) == "AQIDBAUGBwgJCgsMDQ4PEA==")
    }

    @Test(arguments: [
        "", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ===",
        // 15, 17 and 18 bytes.
        "AAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAAAAA",
        // Stray bits, another alphabet, white space.
        "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25j_Q==", " GhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZ===",
    ])
    func refused(key: String) {
        #expect(!HandshakeKey.isValid(key))
    }
}
