import HTTPTypes
import NIOCore
import Testing
import WebSocketCore

@testable import WebSocketClient

struct ReconnectPolicyTests {
    private let policy = ReconnectPolicy()

    @Test func byDefault() {
        #expect(self.policy.minDelay == .milliseconds(500))
        #expect(self.policy.maxDelay == .seconds(30))
        #expect(self.policy.stableAfter == .seconds(10))
        #expect(self.policy.maxAttempts == nil)
    }

    // MARK: Ends of connections

    @Test(arguments: [1000, 1002, 1003, 1007, 1008, 1009, 1010] as [UInt16])
    func terminal(code: UInt16) {
        #expect(self.policy.isTerminal(Closure(code: CloseCode(rawValue: code), wasClean: true)))
    }

    @Test(arguments: [1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 3000, 4000, 4999] as [UInt16])
    func notTerminal(code: UInt16) {
        #expect(!self.policy.isTerminal(Closure(code: CloseCode(rawValue: code), wasClean: code != 1006)))
    }

    @Test func codesOfOnesOwn() {
        let policy = ReconnectPolicy(terminalCodes: [CloseCode(rawValue: 4001)])
        #expect(policy.isTerminal(Closure(code: CloseCode(rawValue: 4001), wasClean: true)))
        #expect(!policy.isTerminal(Closure(code: .normalClosure, wasClean: true)))
        let none = ReconnectPolicy(terminalCodes: [])
        #expect(!none.isTerminal(Closure(code: .policyViolation, wasClean: true)))
    }

    /// What the peer did wrong it would do again.
    @Test(
        arguments: [
            .reservedBits(0x40), .maskUnexpected, .invalidUTF8, .frameTooBig(size: 2, limit: 1),
            .messageTooBig(size: 2, limit: 1), .invalidDeflate, .invalidCloseCode(1005),
        ] as [ProtocolError.Code])
    func failedByThisEnd(code: ProtocolError.Code) {
        // The peer's Close frame, which answers, is not what counts.
        for peers in [CloseCode.abnormalClosure, .goingAway] {
            #expect(self.policy.isTerminal(Closure(code: peers, wasClean: false, error: ProtocolError(code))))
        }
    }

    /// A peer that was silent may have been out of reach.
    @Test func noPong() {
        #expect(
            !self.policy.isTerminal(Closure(code: .abnormalClosure, wasClean: false, error: ProtocolError(.noPong))))
    }

    // MARK: Attempts that failed

    private static func refusal(_ status: Int) -> DialError.Refusal {
        .init(response: HTTPResponse(status: .init(code: status)), body: ByteBuffer())
    }

    @Test(arguments: [200, 204, 301, 302, 307, 400, 401, 402, 403, 404, 405, 407, 409, 410, 421, 422, 426, 451])
    func refusedForGood(status: Int) {
        #expect(self.policy.isTerminal(DialError(.refused(ReconnectPolicyTests.refusal(status)))))
        #expect(self.policy.isTerminal(DialError(.proxyRefused(ReconnectPolicyTests.refusal(status)))))
    }

    /// A proxy answers with 502, 503 or 504 when the server is out of reach.
    @Test(arguments: [408, 425, 429, 500, 502, 503, 504, 520, 599])
    func refusedForNow(status: Int) {
        #expect(!self.policy.isTerminal(DialError(.refused(ReconnectPolicyTests.refusal(status)))))
        #expect(!self.policy.isTerminal(DialError(.proxyRefused(ReconnectPolicyTests.refusal(status)))))
    }

    @Test(
        arguments: [
            DialError(.connect("refused")), DialError(.timedOut(.connect)), DialError(.timedOut(.proxy)),
            DialError(.timedOut(.tls)), DialError(.timedOut(.handshake)), DialError(.lost), DialError(.tls("EOF")),
            DialError(.proxy("the server refused the connection")),
        ])
    func network(error: DialError) {
        #expect(!self.policy.isTerminal(error))
    }

    @Test(
        arguments: [
            DialError(.invalidURL("x:y", "it is bad")), DialError(.invalidField("Host")),
            DialError(.invalidCookie("a;")), DialError(.invalidProxy("it is bad")), DialError(.notPinned),
            DialError(.nameMismatch(.init(name: "a", certificateNames: ["b"]))),
            DialError(.redirect("it leads nowhere")), DialError(.handshake(HandshakeError(.acceptField))),
            DialError(.notHTTP("garbage")),
        ])
    func addressRequestOrAnswer(error: DialError) {
        #expect(self.policy.isTerminal(error))
    }
}
