import ArgumentParser
import Testing

@testable import duplex

@Suite struct ServeTests {
    @Test func defaults() throws {
        let command = try Serve.parse([])
        #expect(command.host == "127.0.0.1")
        #expect(command.port == 3000)
        #expect(command.threads == nil)
    }

    @Test(arguments: [
        ["--port", "-1"], ["--port", "65536"], ["--port", "x"], ["--threads", "0"], ["--nothing"], ["extra"],
    ])
    func badOptions(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try Serve.parse(arguments) }
    }
}
