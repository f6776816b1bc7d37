import HTTPTypes
import NIOCore
import NIOHTTP1
import Testing
import WebSocketCore

@testable import WebSocketServer

struct RefusalTests {
    private let request = HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/room?token=secret")

    /// The lines of the head that is written.
    private func lines(_ refusal: Refusal) -> Set<String> {
        Set(refusal.parts.0.headers.map { "\($0.name.lowercased()): \($0.value)" })
    }

    @Test func written() {
        let refusal = Refusal(.forbidden, "no")
        let (head, body) = refusal.parts
        #expect(head.status == .forbidden)
        #expect(String(buffer: body) == "no\n")
        #expect(
            self.lines(refusal) == [
                "content-type: text/plain; charset=utf-8", "connection: close", "content-length: 3",
            ])
    }

    @Test func brokenRules() {
        let version = Refusal(HandshakeError(.version("8")))
        #expect(version.status == .upgradeRequired)
        #expect(
            self.lines(version).isSuperset(of: [
                "sec-websocket-version: 13", "upgrade: websocket", "connection: Upgrade, close",
            ]))
        let method = Refusal(HandshakeError(.method("POST")))
        #expect(method.status == .methodNotAllowed)
        #expect(self.lines(method).contains("allow: GET"))
        #expect(Refusal(HandshakeError(.key)).status == .badRequest)
    }

    /// Each has a reason of its own, and the texts of strangers make no further ones.
    @Test func reasons() {
        #expect(Refusal(HandshakeError(.method("POST"))).reason == .method)
        #expect(Refusal(HandshakeError(.version("8"))).reason == .version)
        #expect(Refusal(HandshakeError(.connectionSpecific("te"))).reason == .connectionSpecific)
        #expect(Refusal(HTTPParserError.headerOverflow).reason == .tooLarge)
        #expect(Refusal(HTTPParserError.invalidVersion).reason == .httpVersion)
        #expect(Refusal(HTTPParserError.unknown).reason == .grammar)
        #expect(Refusal(Admission.Refusal.webSocketsPerAddress).reason == .webSocketsPerAddress)
        #expect(Refusal(Admission.Refusal.handshakesPerSecond).reason == .handshakesPerSecond)
        let answer = HTTPResponse(status: .forbidden)
        #expect(Refusal(answer, body: ByteBuffer(), of: self.request).reason == .route)
        #expect(Refusal(answer, body: ByteBuffer(), of: self.request, as: .origin).reason == .origin)
    }

    @Test(
        arguments: [
            (.headerOverflow, .requestHeaderFieldsTooLarge), (.invalidVersion, .httpVersionNotSupported),
            (.invalidMethod, .badRequest), (.unknown, .badRequest),
        ] as [(HTTPParserError, HTTPResponse.Status)])
    func parserErrors(error: HTTPParserError, status: HTTPResponse.Status) {
        #expect(Refusal(error).status == status)
    }

    /// An answer that says that all is well must not be taken for the start of a WebSocket.
    @Test(arguments: [HTTPResponse.Status.ok, .noContent, .switchingProtocols])
    func successes(status: HTTPResponse.Status) {
        let refusal = Refusal(
            HTTPResponse(status: status, headerFields: [.contentType: "text/html"]),
            body: ByteBuffer(string: "<html>"), of: self.request)
        #expect(refusal.status == .badRequest)
        #expect(String(buffer: refusal.body) == "there is no WebSocket at /room\n")
        #expect(self.lines(refusal).contains("content-type: text/plain; charset=utf-8"))
    }

    @Test func notFound() {
        let refusal = Refusal(HTTPResponse(status: .notFound), body: ByteBuffer(), of: self.request)
        #expect(refusal.status == .notFound)
        #expect(String(buffer: refusal.body) == "there is nothing at /room\n")
    }

    /// An answer of the application is passed on: status, fields and body, but for how it is framed.
    @Test func passedOn() {
        let response = HTTPResponse(
            status: .unauthorized,
            headerFields: [
                .wwwAuthenticate: "Basic", .contentType: "application/json", .transferEncoding: "chunked",
                .connection: "keep-alive",
            ])
        let refusal = Refusal(response, body: ByteBuffer(string: "{}"), of: self.request)
        #expect(refusal.parts.0.status == .unauthorized)
        #expect(String(buffer: refusal.parts.1) == "{}")
        #expect(
            self.lines(refusal) == [
                "www-authenticate: Basic", "content-type: application/json", "content-length: 2", "connection: close",
            ])
    }

    @Test func emptyBodyBecomesALine() {
        let response = HTTPResponse(status: .seeOther, headerFields: [.location: "/login"])
        let refusal = Refusal(response, body: ByteBuffer(), of: self.request)
        #expect(refusal.status == .seeOther)
        #expect(String(buffer: refusal.body) == "See Other\n")
        #expect(self.lines(refusal).contains("location: /login"))
    }
}
