import Testing

@testable import WebSocketNIO

@Suite struct SendResultTests {
    @Test func theNumbersOfTheBrowser() {
        #expect([ReadyState.connecting, .open, .closing, .closed].map(\.rawValue) == [0, 1, 2, 3])
    }
}
