import HTTPTypes
import NIOCore
import NIOSSL
import TestSupport
import Testing

@testable import WebSocketClient

/// Requests over HTTP, by the routes of a WebSocket's.
@Suite(.timeLimit(.minutes(1)))
struct HTTPExchangeTests {
    /// What came of an answer.
    private struct Outcome: Sendable, Equatable {
        var status: Int
        var pieces: [String]
    }

    /// Sends a request to a server that answers each connection's with the next of these; an answer without an end is cut.
    ///
    /// - Returns: What came of it, and the requests' heads.
    private func exchange(
        _ answers: [String], method: HTTPRequest.Method = .get, content: String? = nil, redirects: Int = 0,
        maxSilence: Duration = .seconds(30), staysSilent: Bool = false
    ) async throws -> (Outcome, [String]) {
        let heads = Mailbox<String>()
        let left = Mailbox<String>()
        for answer in answers { left.post(answer) }
        let outcome = try await RawServer.with { connection in
            // So impatient a client may be gone before it has asked.
            guard let head = staysSilent ? try? await connection.readHead() : try await connection.readHead() else {
                return
            }
            let body = content.map { $0.utf8.count } ?? 0
            heads.post(head + String(decoding: try await connection.read(body), as: UTF8.self))
            if let answer = await left.next() { try await connection.send(answer) }
            if staysSilent { _ = try? await connection.readToEnd() }
        } _: { server in
            let request = HTTPExchange(
                method, server.url("/a?b", scheme: "http"), fields: [.accept: "x/y"],
                content: content.map { ByteBuffer(string: $0) }, maxSilence: maxSilence)
            return try await request.perform(DialOptions(maxRedirects: redirects)) { response, content in
                var pieces: [String] = []
                while let piece = try await content.next() { pieces.append(String(buffer: piece)) }
                return Outcome(status: response.status.code, pieces: pieces)
            }
        }
        var found: [String] = []
        for _ in answers { found.append(await heads.next() ?? "") }
        return (outcome, found)
    }

    @Test func anAnswerWithALength() async throws {
        let (outcome, heads) = try await self.exchange(["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"])
        #expect(outcome == Outcome(status: 200, pieces: ["hello"]))
        let lines = heads[0].lowercased().split(separator: "\r\n")
        #expect(lines.first == "get /a?b http/1.1")
        #expect(lines.contains("accept: x/y") && lines.contains("connection: close"))
        #expect(lines.contains { $0.hasPrefix("host: 127.0.0.1:") })
    }

    @Test func anAnswerToTheEnd() async throws {
        let (outcome, _) = try await self.exchange(["HTTP/1.1 404 Not Found\r\n\r\nhello"])
        #expect(outcome == Outcome(status: 404, pieces: ["hello"]))
    }

    @Test func whatIsInBetweenIsNotTheAnswer() async throws {
        let (outcome, _) = try await self.exchange([
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        ])
        #expect(outcome == Outcome(status: 200, pieces: []))
    }

    @Test func content() async throws {
        let (outcome, heads) = try await self.exchange(
            ["HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"], method: .post, content: "{}")
        #expect(outcome.status == 201)
        #expect(heads[0].lowercased().contains("\r\ncontent-length: 2\r\n"))
        #expect(heads[0].hasSuffix("\r\n\r\n{}"))
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ]) func anAnswerThatIsCut(_ answer: String) async throws {
        await #expect(throws: (any Error).self) { _ = try await self.exchange([answer]) }
    }

    @Test func aServerThatSaysNothing() async throws {
        for answer in ["", "HTTP/1.1 200 OK\r\n\r\nhello"] {
            let error = await #expect(throws: DialError.self) {
                _ = try await self.exchange([answer], maxSilence: .milliseconds(20), staysSilent: true)
            }
            #expect(error?.isTimeout == true)
        }
    }

    @Test(arguments: [
        (HTTPRequest.Method.get, 302, 1, true), (.get, 302, 0, false), (.post, 302, 1, false), (.post, 307, 1, true),
    ]) func redirects(_ method: HTTPRequest.Method, _ status: Int, _ most: Int, _ isFollowed: Bool) async throws {
        let there = "HTTP/1.1 \(status) There\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
        let answers = [there] + (isFollowed ? ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"] : [])
        let (outcome, heads) = try await self.exchange(
            answers, method: method, content: method == .post ? "x" : nil, redirects: most)
        #expect(outcome.status == (isFollowed ? 200 : status))
        if isFollowed { #expect(heads[1].hasPrefix("\(method.rawValue) /there HTTP/1.1\r\n")) }
    }

    @Test func collecting() async throws {
        let text = try await RawServer.with { connection in
            _ = try await connection.readHead()
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")
        } _: { server in
            try await HTTPExchange(.get, server.url(scheme: "http")).perform(DialOptions()) { _, content in
                String(buffer: try await content.collect(upTo: 4))
            }
        }
        #expect(text == "0123")
    }

    @Test(arguments: [(Certificates.localhost, true), (Certificates.otherName, false)])
    func overTLS(_ certificate: String, _ isBelieved: Bool) async throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates([try Certificates.parse(certificate)])
        let options = DialOptions(tls: tls)
        let ask = {
            try await RawServer.with(tls: try Certificates.serverContext(certificate)) { connection in
                do {
                    _ = try await connection.readHead()
                    try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                } catch is RawConnection.Ended {
                    // The client does not believe this server.
                }
            } _: { server in
                try await HTTPExchange(.get, "https://localhost:\(server.port)/").perform(options) { response, _ in
                    response.status.code
                }
            }
        }
        if isBelieved {
            let status = try await ask()
            #expect(status == 200)
        } else {
            let error = await #expect(throws: DialError.self) { try await ask() }
            #expect(error?.nameMismatch != nil)
        }
    }
}
