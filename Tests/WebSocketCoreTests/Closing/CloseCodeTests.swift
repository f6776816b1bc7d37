import Testing
import WebSocketCore

struct CloseCodeTests {
    /// All 65,536 numbers, against the ranges of section 7.4 and IANA's registry, told by their edges.
    @Test func allowedOnWire() {
        var edges: [UInt16] = []
        var isInside = false
        for number in UInt16.min...UInt16.max where CloseCode(rawValue: number).isAllowedOnWire != isInside {
            edges.append(number)
            isInside.toggle()
        }
        #expect(edges == [1000, 1004, 1007, 1015, 3000, 5000])
        #expect(!isInside)
    }

    /// The parser and the sender go by the same rule.
    @Test(
        arguments: [
            (999, false), (1000, true), (1003, true), (1004, false), (1005, false), (1006, false), (1007, true),
            (1014, true), (1015, false), (2999, false), (3000, true), (4999, true), (5000, false), (0, false),
            (65_535, false),
        ] as [(UInt16, Bool)])
    func sentAndReceived(number: UInt16, isAllowed: Bool) {
        let code = CloseCode(rawValue: number)
        #expect(((try? CloseFrame(code: code)) != nil) == isAllowed)
        let payload = [UInt8(number >> 8), UInt8(number & 0xFF)]
        #expect((try? CloseFrame.parse(payload))?.code == (isAllowed ? code : nil))
    }

    @Test(
        arguments: [
            (.normalClosure, 1000), (.goingAway, 1001), (.protocolError, 1002), (.unsupportedData, 1003),
            (.noStatusReceived, 1005), (.abnormalClosure, 1006), (.invalidPayload, 1007), (.policyViolation, 1008),
            (.messageTooBig, 1009), (.mandatoryExtension, 1010), (.internalError, 1011), (.serviceRestart, 1012),
            (.tryAgainLater, 1013), (.badGateway, 1014),
        ] as [(CloseCode, UInt16)])
    func names(code: CloseCode, number: UInt16) {
        #expect(code.rawValue == number)
        #expect(code.description == "\(number)")
    }

    @Test func literal() {
        let code: CloseCode = 4321
        #expect(code.rawValue == 4321)
    }
}
