import Testing
import WebSocketCore

@Suite struct ClosureTests {
    /// 1006 is only ever reported, for an end without a closing handshake (RFC 6455, section 7.1.5).
    @Test func abnormal() {
        #expect(Closure.abnormal.code == .abnormalClosure)
        #expect(!Closure.abnormal.wasClean)
        #expect(Closure.abnormal.reason.isEmpty)
        #expect(Closure.abnormal.error == nil)
        #expect(!Closure.abnormal.code.isAllowedOnWire)
    }

    @Test func partsCount() {
        let closure = Closure(code: 1000, reason: "a", wasClean: true)
        #expect(closure != Closure(code: 1000, reason: "b", wasClean: true))
        #expect(closure != Closure(code: 1000, reason: "a", wasClean: false))
        #expect(closure != Closure(code: 1001, reason: "a", wasClean: true))
        #expect(closure.error == nil)
    }
}
