import Testing
import WebSocketCore

struct OpcodeTests {
    @Test(
        arguments: [
            (0x0, .continuation, "continuation"), (0x1, .text, "text"), (0x2, .binary, "binary"),
            (0x8, .close, "close"),
            (0x9, .ping, "ping"), (0xA, .pong, "pong"),
        ] as [(UInt8, Opcode, String)])
    func defined(number: UInt8, opcode: Opcode, name: String) {
        #expect(opcode.rawValue == number)
        #expect(opcode.isDefined)
        #expect(opcode.isControl == (number >= 0x8))
        #expect(opcode.description == name)
    }

    @Test(arguments: [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] as [UInt8])
    func reserved(number: UInt8) {
        let opcode = Opcode(rawValue: number)
        #expect(!opcode.isDefined)
        #expect(opcode.isControl == (number > 0x7))
        #expect(opcode.description == "reserved(\(number))")
    }
}
