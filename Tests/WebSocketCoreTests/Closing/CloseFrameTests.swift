import Testing
import WebSocketCore

struct CloseFrameTests {
    // MARK: Made here

    @Test func never1005Nor1006Nor1015() {
        for code in [.noStatusReceived, .abnormalClosure, 1015] as [CloseCode] {
            #expect(throws: ProtocolError(.invalidCloseCode(code.rawValue))) { try CloseFrame(code: code) }
        }
    }

    @Test func reasonLength() throws {
        let longest = String(repeating: "x", count: 123)
        #expect(try CloseFrame(code: 1000, reason: longest).payloadCount == 125)
        #expect(throws: ProtocolError(.closeReasonTooLong(124))) { try CloseFrame(code: 1000, reason: longest + "x") }
        // Bytes count, not characters: 62 of two bytes are one too many.
        let wide = String(repeating: "é", count: 62)
        #expect(throws: ProtocolError(.closeReasonTooLong(124))) { try CloseFrame(code: 1000, reason: wide) }
    }

    // MARK: Parsed

    @Test func parse() throws {
        #expect(try CloseFrame.parse([]) == .empty)
        #expect(CloseFrame.empty.code == nil)
        #expect(CloseFrame.empty.reason == "")
        let bare = try CloseFrame.parse([0x03, 0xE8])
        #expect(bare.code == .normalClosure)
        #expect(bare.reason == "")
        let full = try CloseFrame.parse([0x0F, 0xA1, 0x68, 0xC3, 0xA9])
        #expect(full.code == 4001)
        #expect(full.reason == "hé")
        // What stands behind the code may be NUL.
        #expect(try CloseFrame.parse([0x03, 0xE8, 0x00]).reason == "\0")
    }

    @Test(
        arguments: [
            ([0x03], .closePayloadOfOneByte),
            ([0x00, 0x00], .invalidCloseCode(0)),
            ([0x03, 0xED], .invalidCloseCode(1005)),
            ([0x03, 0xEE], .invalidCloseCode(1006)),
            ([0x03, 0xF7], .invalidCloseCode(1015)),
            ([0x13, 0x88, 0xFF], .invalidCloseCode(5000)),
            ([0x03, 0xE8, 0xFF], .invalidUTF8),
            ([0x03, 0xE8, 0xC0, 0x80], .invalidUTF8),
            ([0x03, 0xE8, 0x61, 0xED, 0xA0, 0x80], .invalidUTF8),
            ([0x03, 0xE8, 0xE2, 0x82], .invalidUTF8),
        ] as [([UInt8], ProtocolError.Code)])
    func refused(payload: [UInt8], code: ProtocolError.Code) {
        #expect(throws: ProtocolError(code)) { try CloseFrame.parse(payload) }
    }

    // MARK: Written

    @Test func encoded() throws {
        #expect(CloseFrame.empty.encoded(maskingKey: nil) == [0x88, 0x00])
        #expect(CloseFrame.empty.encoded(maskingKey: 0x0403_0201) == [0x88, 0x80, 1, 2, 3, 4])
        let frame = try CloseFrame(code: 1001, reason: "bye")
        #expect(frame.encoded(maskingKey: nil) == [0x88, 0x05, 0x03, 0xE9, 0x62, 0x79, 0x65])
        #expect(frame.encoded(maskingKey: 0x0403_0201) == [0x88, 0x85, 1, 2, 3, 4, 0x02, 0xEB, 0x61, 0x7D, 0x64])
    }

    @Test func roundTrip() throws {
        let frames = [
            CloseFrame.empty, try CloseFrame(code: 1000),
            try CloseFrame(code: 4999, reason: String(repeating: "é", count: 61)),
        ]
        for frame in frames {
            expect(frame.encoded(maskingKey: nil), to: .client, gives: [.close(frame)])
            expect(frame.encoded(maskingKey: 0xDEAD_BEEF), to: .server, gives: [.close(frame)])
        }
    }
}
