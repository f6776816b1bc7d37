import HTTPTypes
import NIOCore
import NIOPosix
import NIOSSL
import Testing
import WebSocketCore

@testable import WebSocketClient

struct DialErrorTests {
    private static func refused(_ status: HTTPResponse.Status, _ body: String) -> DialError {
        DialError(.refused(.init(response: HTTPResponse(status: status), body: ByteBuffer(string: body))))
    }

    @Test(
        arguments: [
            (DialError(.invalidURL("x:y", "it is bad")), "x:y cannot be connected to: it is bad"),
            (DialError(.invalidField("Host")), "the header field Host belongs to the handshake"),
            (DialError(.connect("a:1: refused")), "cannot connect: a:1: refused"),
            (DialError(.timedOut), "cannot connect: it took too long"),
            (DialError(.tls("bad certificate")), "TLS failed: bad certificate"),
            (
                DialError(.handshake(HandshakeError(.acceptField))),
                "the handshake failed: the answer's Sec-WebSocket-Accept does not fit the key"
            ),
            (DialError(.notHTTP("garbage")), "the answer is not HTTP: garbage"),
            (DialError(.lost), "the connection was lost during the handshake"),
            (refused(.forbidden, ""), "refused: 403 Forbidden"),
            (refused(.forbidden, "\n"), "refused: 403 Forbidden"),
            (refused(.forbidden, "not you"), "refused: 403 Forbidden: not you"),
            (refused(.notFound, "no such room\r\nsecond line"), "refused: 404 Not Found: no such room"),
            (
                refused(.badRequest, String(repeating: "x", count: 1000)),
                "refused: 400 Bad Request: \(String(repeating: "x", count: 200))"
            ),
        ])
    func description(error: DialError, text: String) {
        #expect("\(error)" == text)
    }

    @Test func parts() {
        let refused = DialErrorTests.refused(.unauthorized, "who?")
        #expect(refused.refusal?.response.status == .unauthorized)
        #expect(refused.refusal.map { String(buffer: $0.body) } == "who?")
        #expect(refused.handshakeError == nil)
        #expect(!refused.isTimeout)
        let handshake = DialError(.handshake(HandshakeError(.upgradeField)))
        #expect(handshake.handshakeError == HandshakeError(.upgradeField))
        #expect(handshake.refusal == nil)
        #expect(DialError(.timedOut).isTimeout)
        #expect(!DialError(.lost).isTimeout)
    }

    private struct SomeError: Error, CustomStringConvertible {
        let description = "something"
    }

    /// What goes wrong below is told in the client's own terms.
    @Test(
        arguments: [
            (DialError(.lost), "the connection was lost during the handshake"),
            (ChannelError.connectTimeout(.seconds(1)), "cannot connect: it took too long"),
            (NIOSSLExtraError.failedToValidateHostname, "TLS failed: "),
            (SomeError(), "cannot connect: something"),
        ] as [(any Error, String)])
    func fromBelow(error: any Error, prefix: String) {
        #expect("\(DialError(connecting: error))".hasPrefix(prefix))
    }
}
