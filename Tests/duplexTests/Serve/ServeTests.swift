import ArgumentParser
import Testing

@testable import duplex

@Suite struct ServeTests {
    @Test func defaults() throws {
        let command = try Serve.parse([])
        #expect(command.flags.isEmpty)
        #expect(command.config == nil)
        #expect(!command.printConfig)
    }

    @Test(arguments: [
        ["--port", "-1"], ["--port", "65536"], ["--port", "x"], ["--threads", "0"], ["--nothing"], ["extra"],
        ["--idle-timeout", "10"], ["--send-buffer", "1"], ["--allow-origin", "example.com"], ["--http2", "on"],
        ["--trusted-proxies", "10.0.0.0/33"],
    ])
    func badOptions(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try Serve.parse(arguments) }
    }

    @Test func aBadFlagIsTold() {
        let error = #expect(throws: (any Error).self) { try Serve.parse(["--port", "x"]) }
        let message = error.map { Serve.message(for: $0) } ?? ""
        #expect(message == "port (from --port): 'x' is not a whole number from 0 to 65535")
    }

    @Test func theFileIsNamedByFlagOrVariable() throws {
        for (arguments, environment) in [
            (["--config", "/nowhere/a"], ["DUPLEX_CONFIG": "/nowhere/b"]), ([], ["DUPLEX_CONFIG": "/nowhere/a"]),
        ] {
            let command = try Serve.parse(arguments)
            let error = #expect(throws: SettingsError.self) { try command.settings(environment: environment) }
            #expect(error?.description == "/nowhere/a: there is no such file")
        }
        let none = try Serve.parse([]).settings(environment: ["DUPLEX_CONFIG": ""])
        #expect(none.port == 3000)
    }
}
