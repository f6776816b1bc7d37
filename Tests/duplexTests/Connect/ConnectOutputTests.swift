import Testing

@testable import duplex

/// What is printed is tested from outside, in Compliance/Command.
@Suite struct ConnectOutputTests {
    @Test func controlCharactersAreShown() {
        #expect(ConnectOutput.shown("tab\tline\n") == "tab\tline\n")
        #expect(ConnectOutput.shown("\u{1B}[2J") == "\\u{1B}[2J")
        #expect(ConnectOutput.shown("\u{0}\u{7F}\u{9B}\r") == "\\0\\u{7F}\\u{009B}\\r")
        #expect(ConnectOutput.shown("grün 🙂") == "grün 🙂")
    }
}
