import Testing
import WebSocketCore

struct ReconnectHintTests {
    @Test(
        arguments: [
            ("reconnect after 0 ms", .zero), ("reconnect after 1500 ms", .milliseconds(1500)),
            ("reconnect after 3600001 ms", .seconds(3600)),
            ("reconnect after 99999999999999999999999 ms", .seconds(3600)),
            ("", nil), ("reconnect after  ms", nil), ("reconnect after -1 ms", nil), ("reconnect after 1.5 ms", nil),
            ("reconnect after 1500", nil), ("Reconnect after 1500 ms", nil), ("reconnect after ٣ ms", nil),
        ] as [(String, Duration?)])
    func read(reason: String, expected: Duration?) {
        #expect(ReconnectHint.delay(in: reason) == expected)
    }

    @Test(arguments: [.zero, .milliseconds(1), .milliseconds(1500), .seconds(3600)] as [Duration])
    func written(delay: Duration) {
        #expect(ReconnectHint.delay(in: ReconnectHint.reason(after: delay)) == delay)
        #expect(ReconnectHint.reason(after: .seconds(Int64.max)).utf8.count <= CloseFrame.maxReason)
    }

    @Test(arguments: [(1012, true), (1013, true), (1001, false), (1000, false), (4000, false)] as [(UInt16, Bool)])
    func codes(code: UInt16, isHeeded: Bool) {
        let closure = Closure(code: CloseCode(rawValue: code), reason: "reconnect after 20 ms", wasClean: true)
        #expect(closure.reconnectAfter == (isHeeded ? .milliseconds(20) : nil))
    }
}
