import Testing

@testable import duplex

@Suite struct ConnectCommandTests {
    @Test(
        arguments: [
            ("hello", .message("hello")), ("", .message("")), ("//x", .message("/x")), ("/ping", .ping),
            ("/help", .help), ("/close", .close(code: 1000, reason: "")),
            ("/close 3001", .close(code: 3001, reason: "")),
            ("/close 4000 see you", .close(code: 4000, reason: "see you")), ("/binary a b.bin", .binary("a b.bin")),
        ] as [(String, ConnectCommand)])
    func commands(line: String, expected: ConnectCommand) {
        #expect(ConnectCommand(line, takesCommands: true) == expected)
    }

    @Test(arguments: ["/", "/pings", "/ping now", "/binary", "/close bye", "/close 999", "/close 5000", "/help me"])
    func invalid(line: String) {
        guard case .invalid = ConnectCommand(line, takesCommands: true) else {
            Issue.record("\(line) is no command")
            return
        }
    }

    /// On a pipe a slash is a slash.
    @Test(arguments: ["/ping", "//x", "/close 1000"]) func text(line: String) {
        #expect(ConnectCommand(line, takesCommands: false) == .message(line))
    }
}
