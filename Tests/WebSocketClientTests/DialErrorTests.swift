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
            (DialError(.timedOut(.connect)), "cannot connect: it took too long"),
            (DialError(.timedOut(.proxy)), "the proxy took too long"),
            (DialError(.timedOut(.tls)), "TLS took too long"),
            (DialError(.timedOut(.handshake)), "the handshake took too long"),
            (DialError(.invalidCookie("a;")), "the cookie a; has a name or a value that no cookie can have"),
            (DialError(.invalidProxy("it is bad")), "the proxy cannot be used: it is bad"),
            (DialError(.proxy("it is bad")), "the proxy failed: it is bad"),
            (
                DialError(
                    .proxyRefused(.init(response: HTTPResponse(status: .forbidden), body: ByteBuffer(string: "no\n")))),
                "the proxy refused: 403 Forbidden: no"
            ),
            (DialError(.notPinned), "TLS failed: the server's certificate is none of those that are pinned"),
            (DialError(.redirect("it leads nowhere")), "not redirected: it leads nowhere"),
            (
                DialError(.nameMismatch(.init(name: "a", certificateNames: ["b", "\u{1B}*.c"]))),
                "TLS failed: the certificate is not for a, but for b, *.c"
            ),
            (
                DialError(.nameMismatch(.init(name: "a", certificateNames: []))),
                "TLS failed: the certificate is not for a, but for no name at all"
            ),
            (
                DialError(.nameMismatch(.init(name: "a", certificateNames: (0..<12).map { "\($0)" }))),
                "TLS failed: the certificate is not for a, but for 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
            ),
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
        #expect(DialError(.timedOut(.tls)).isTimeout)
        #expect(!DialError(.lost).isTimeout)
    }

    /// Where a redirect has led belongs to what went wrong there; passwords do not.
    @Test func afterARedirect() throws {
        var error = DialError(.lost)
        error.url = try WebSocketURL("ws://user:secret@a/b")
        #expect("\(error)" == "the connection was lost during the handshake")
        error.isRedirected = true
        #expect("\(error)" == "the connection was lost during the handshake (redirected to ws://a/b)")
    }

    @Test func proxyParts() {
        let refusal = DialError.Refusal(response: HTTPResponse(status: .forbidden), body: ByteBuffer())
        #expect(DialError(.proxyRefused(refusal)).proxyRefusal?.response.status == .forbidden)
        #expect(DialError(.proxyRefused(refusal)).refusal == nil)
        #expect(DialError(.refused(refusal)).proxyRefusal == nil)
        let mismatch = DialError.NameMismatch(name: "a", certificateNames: ["b"])
        #expect(DialError(.nameMismatch(mismatch)).nameMismatch == mismatch)
        #expect(DialError(.notPinned).nameMismatch == nil)
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
