import Testing
import WebSocketCore

struct Base64Tests {
    /// The vectors of RFC 4648, section 10, and some with the last letters of the alphabet.
    @Test(
        arguments: [
            ("", []), ("Zg==", [0x66]), ("Zm8=", [0x66, 0x6F]), ("Zm9v", [0x66, 0x6F, 0x6F]),
            ("Zm9vYg==", [0x66, 0x6F, 0x6F, 0x62]), ("Zm9vYmE=", [0x66, 0x6F, 0x6F, 0x62, 0x61]),
            ("Zm9vYmFy", [0x66, 0x6F, 0x6F, 0x62, 0x61, 0x72]), ("AA==", [0x00]), ("/w==", [0xFF]),
            ("++++", [0xFB, 0xEF, 0xBE]),
            ("////", [0xFF, 0xFF, 0xFF]), ("AAAA", [0, 0, 0]), ("+/8=", [0xFB, 0xFF]),
        ] as [(String, [UInt8])])
    func vectors(text: String, bytes: [UInt8]) {
        #expect(Base64.encode(bytes) == text)
        #expect(Base64.decode(text) == bytes)
    }

    /// All 64 letters, in order.
    @Test func alphabet() {
        let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let bytes: [UInt8] = [
            0x00, 0x10, 0x83, 0x10, 0x51, 0x87, 0x20, 0x92, 0x8B, 0x30, 0xD3, 0x8F, 0x41, 0x14, 0x93, 0x51, 0x55, 0x97,
            0x61, 0x96, 0x9B, 0x71, 0xD7, 0x9F, 0x82, 0x18, 0xA3, 0x92, 0x59, 0xA7, 0xA2, 0x9A, 0xAB, 0xB2, 0xDB, 0xAF,
            0xC3, 0x1C, 0xB3, 0xD3, 0x5D, 0xB7, 0xE3, 0x9E, 0xBB, 0xF3, 0xDF, 0xBF,
        ]
        #expect(Base64.decode(text) == bytes)
        #expect(Base64.encode(bytes) == text)
    }

    @Test(arguments: [
        // Not a multiple of four, or no padding where there must be.
        "A", "AA", "AAA", "AA=", "AAAAA", "=",
        // Padding that is too long, or not at the end.
        "====", "A===", "=AAA", "AA=A", "AA==AAAA", "AAAA====", "AAA=AAA=",
        // Bits that belong to no byte.
        "AB==", "Zh==", "AAB=", "Zm9=",
        // Other alphabets, white space, and what lies beside the letters.
        "AA-_", "AA A", "AAA\n", "AA@A", "AA[A", "AA`A", "AA{A", "AA:A", "AA.A", "é==",
    ])
    func refused(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func everyByteAtEveryPlace() {
        for byte in UInt8.min...UInt8.max {
            for bytes in [[byte], [byte, 1], [1, byte], [byte, 1, 1], [1, byte, 1], [1, 1, byte]] {
                #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            }
        }
    }
}
