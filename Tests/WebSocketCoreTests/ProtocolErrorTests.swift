import Testing
import WebSocketCore

struct ProtocolErrorTests {
    /// Every error with its longest context, and the code that the peer is told.
    static let all: [(ProtocolError.Code, CloseCode)] = [
        (.reservedBits(7), 1002), (.reservedOpcode(15), 1002), (.fragmentedControl, 1002), (.controlTooLong, 1002),
        (.maskMissing, 1002), (.maskUnexpected, 1002), (.lengthNotMinimal, 1002), (.lengthTooLarge, 1002),
        (.continuationWithoutMessage, 1002), (.messageInterrupted, 1002), (.compressedContinuation, 1002),
        (.invalidUTF8, 1007), (.closePayloadOfOneByte, 1002), (.invalidCloseCode(65_535), 1002),
        (.closeReasonTooLong(.max), 1002), (.frameTooBig(size: .max, limit: .max), 1009),
        (.messageTooBig(size: .max, limit: .max), 1009), (.tooManyFragments(limit: .max), 1009),
    ]

    @Test(arguments: all)
    func closeCode(code: ProtocolError.Code, expected: CloseCode) {
        let error = ProtocolError(code)
        #expect(error.closeCode == expected)
        #expect(error.closeCode.isAllowedOnWire)
    }

    /// The description becomes a Close frame's reason as it is.
    @Test(arguments: all)
    func descriptionFitsAReason(code: ProtocolError.Code, expected: CloseCode) {
        let description = ProtocolError(code).description
        #expect(!description.isEmpty)
        #expect(description.utf8.count <= CloseFrame.maxReason)
        #expect(description.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    }

    @Test func descriptionsDiffer() {
        #expect(Set(Self.all.map { ProtocolError($0.0).description }).count == Self.all.count)
    }
}
