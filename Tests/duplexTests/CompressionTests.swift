import ArgumentParser
import Testing
import WebSocketDeflate

@testable import duplex

@Suite struct CompressionTests {
    @Test func modes() throws {
        let none = try CompressionOptions.parse([])
        #expect(none.configuration(standard: .off) == nil)
        #expect(none.configuration(standard: .noTakeover) == .noContextTakeover)
        #expect(none.configuration(standard: .takeover) == .contextTakeover)
        #expect(try CompressionOptions.parse(["--compression", "off"]).configuration(standard: .takeover) == nil)
        #expect(
            try CompressionOptions.parse(["--compression", "takeover"]).configuration(standard: .off)
                == .contextTakeover)
        #expect(
            try CompressionOptions.parse(["--compression", "no-takeover"]).configuration(standard: .off)
                == .noContextTakeover)
    }

    @Test func details() throws {
        let options = try CompressionOptions.parse([
            "--compression-level", "9", "--compression-window-bits", "10", "--compression-threshold", "0",
        ])
        #expect(
            options.configuration(standard: .takeover)
                == DeflateConfiguration(level: 9, serverMaxWindowBits: 10, clientMaxWindowBits: 10, threshold: 0))
    }

    @Test(arguments: [
        ["--compression", "on"], ["--compression-level", "10"], ["--compression-level", "-1"],
        ["--compression-window-bits", "8"], ["--compression-window-bits", "16"], ["--compression-threshold", "-1"],
    ])
    func refused(arguments: [String]) {
        #expect(throws: (any Error).self) { try CompressionOptions.parse(arguments) }
    }
}
