import ArgumentParser
import HTTPTypes
import Testing

@testable import duplex

@Suite struct ConnectTests {
    @Test func options() throws {
        let command = try Connect.parse([
            "ws://a/", "--protocol", "x", "--subprotocol", "y", "--header", "X-One: 1", "-H", "X-Two:2 : 3",
            "--insecure",
        ])
        #expect(command.protocols == ["x", "y"])
        #expect(command.reaching.insecure)
        let fields = try command.fields()
        #expect(fields[HTTPField.Name("X-One")!] == "1")
        #expect(fields[HTTPField.Name("X-Two")!] == "2 : 3")
    }

    @Test(arguments: ["nothing", ": x", "a b: c"]) func badFields(_ header: String) throws {
        let command = try Connect.parse(["ws://a/", "--header", header])
        #expect(throws: ValidationError.self) { try command.fields() }
    }

    @Test func anAddressIsNeeded() {
        #expect(throws: (any Error).self) { try Connect.parse([]) }
    }
}
