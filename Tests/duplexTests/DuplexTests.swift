import ArgumentParser
import Testing

@testable import duplex

@Suite struct DuplexCommandTests {
    @Test func subcommands() throws {
        #expect(try Duplex.parseAsRoot(["serve"]) is Serve)
        #expect(try Duplex.parseAsRoot(["connect", "ws://a/"]) is Connect)
        #expect(throws: (any Error).self) { try Duplex.parseAsRoot(["fly"]) }
        #expect(Duplex.helpMessage().contains("serve"))
    }
}
