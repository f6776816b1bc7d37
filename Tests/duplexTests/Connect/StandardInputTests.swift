import Testing

@testable import duplex

/// What is read from a real standard input is tested from outside, in Compliance/Command.
@Suite(.timeLimit(.minutes(1))) struct StandardInputTests {
    @Test func stoppedInputHasNoLines() async {
        let input = StandardInput()
        input.stop()
        #expect(await input.next() == nil)
        input.stop()
        #expect(await input.next() == nil)
    }
}
