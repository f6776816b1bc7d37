import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import TestSupport
import Testing
import WebSocketCore
import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct HTTP1UpgradeHandlerTests {
    // MARK: Acceptance

    @Test(arguments: ["/echo", "/read"])
    func accepted(path: String) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request(path))
                let answer = RawConnection.Answer(head: try await client.readHead(), body: "")
                #expect(answer.head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
                #expect(answer.values("Upgrade") == ["websocket"])
                #expect(answer.values("Connection") == ["Upgrade"])
                #expect(answer.values("Sec-WebSocket-Accept") == [Handshake.accept])
                #expect(answer.values("Sec-WebSocket-Protocol") == [])
                #expect(answer.values("Sec-WebSocket-Extensions") == [])
                #expect(answer.values("Content-Length") == [])
                #expect(answer.values("Transfer-Encoding") == [])
                try await client.send(Frame.masked("hello"))
                #expect(try await client.read(7) == Frame.text("hello"))
                try await client.send(Frame.maskedClose(1000))
                #expect(try await client.readToEnd() == Frame.close(1000))
            }
        }
    }

    /// What arrives behind the handshake in its segment is not lost, and stays in order.
    @Test(arguments: ["/echo", "/read"])
    func framesInTheSameSegment(path: String) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(
                    Array(Handshake.request(path).utf8) + Frame.masked("one") + Frame.masked("two")
                        + Frame.masked("three").prefix(4))
                #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
                #expect(try await client.read(10) == Frame.text("one") + Frame.text("two"))
                try await client.send(Array(Frame.masked("three").dropFirst(4)))
                #expect(try await client.read(7) == Frame.text("three"))
            }
        }
    }

    @Test func byteByByte() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                let bytes = Array((Handshake.get("/page") + Handshake.request()).utf8) + Frame.masked("hello")
                for byte in bytes { try await client.send([byte]) }
                #expect(try await client.readAnswer().body == "a page")
                #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
                #expect(try await client.read(7) == Frame.text("hello"))
            }
        }
    }

    // MARK: Kept-alive connections

    @Test(arguments: ["/echo", "/read"], [1, 2, 5])
    func afterOrdinaryRequests(path: String, count: Int) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                for _ in 0..<count {
                    try await client.send(Handshake.get("/page"))
                    let answer = try await client.readAnswer()
                    #expect(answer.status == 200)
                    #expect(answer.body == "a page")
                }
                try await client.send(Handshake.request(path))
                #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
                try await client.send(Frame.masked("hello"))
                #expect(try await client.read(7) == Frame.text("hello"))
                try await client.send(Frame.maskedClose(1000))
                #expect(try await client.readToEnd() == Frame.close(1000))
            }
        }
    }

    /// Requests, the handshake and frames, all in one segment.
    @Test(arguments: ["/echo", "/read"], [1, 2, 5])
    func pipelined(path: String, count: Int) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                let requests = String(repeating: Handshake.get("/page"), count: count) + Handshake.request(path)
                try await client.send(Array(requests.utf8) + Frame.masked("hello"))
                for _ in 0..<count { #expect(try await client.readAnswer().body == "a page") }
                #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
                #expect(try await client.read(7) == Frame.text("hello"))
            }
        }
    }

    /// A slow answer comes first, whatever follows.
    @Test(arguments: [
        (Handshake.request(), 101), (Handshake.request(without: [Handshake.version]), 426),
        (Handshake.request("/page"), 400), (Handshake.request("/nothing"), 404), ("garbage\r\n\r\n", 400),
    ])
    func answersStayInOrder(following: String, status: Int) async throws {
        let router = echoRouter()
        let asked = Mailbox<Void>()
        let granted = Mailbox<Void>()
        router.get("/slow") { _, _ in
            asked.post(())
            _ = await granted.next()
            return "slow"
        }
        try await TestServer.with(router) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.get("/slow") + following)
                _ = await asked.next()
                granted.post(())
                let slow = try await client.readAnswer()
                #expect(slow.status == 200)
                #expect(slow.body == "slow")
                #expect(try await client.readAnswer().status == status)
                if status != 101 { #expect(try await client.readToEnd() == []) }
            }
        }
    }

    /// An upgrade to something else is an ordinary request; behind it the connection ends, since the parser does not go on.
    @Test func otherUpgrade() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(
                    Handshake.get("/page") + Handshake.get("/page", "Connection: Upgrade", "Upgrade: h2c"))
                let first = try await client.readAnswer()
                #expect(first.body == "a page")
                #expect(!first.values("Connection").contains("close"))
                let second = try await client.readLastAnswer()
                #expect(second.body == "a page")
                #expect(second.values("Connection") == ["close"])
            }
        }
    }

    /// `Upgrade` that `Connection` does not name stops nothing: requests in pieces behind it are answered as ever.
    @Test func anUpgradeThatIsNotMeantForUs() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                let post = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
                try await client.send(Handshake.get("/page", "Upgrade: h2c") + post + "ab")
                let first = try await client.readAnswer()
                #expect(first.body == "a page")
                try await client.send("cd" + Handshake.get("/page"))
                let second = try await client.readAnswer()
                #expect(second.status == 404)
                let third = try await client.readAnswer()
                #expect(third.body == "a page")
            }
        }
    }

    @Test(arguments: [
        "GET /page HTTP/1.0\r\nHost: a\r\n\r\n", "GET /page HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n",
    ])
    func clientsThatWantTheEnd(_ request: String) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(request)
                let answer = try await client.readLastAnswer()
                #expect(answer.body == "a page")
            }
        }
    }

    // MARK: Refusals

    struct Case: Sendable, CustomTestStringConvertible {
        var request: String
        var status: Int
        var body: String
        var fields: [String: String] = [:]
        var testDescription: String { "\(self.status) \(self.request.split(separator: "\r\n").joined(separator: "|"))" }
    }

    private static let badVersion = ["Sec-WebSocket-Version": "13", "Upgrade": "websocket"]
    private static let noUpgrade =
        "this address speaks WebSocket: Upgrade: websocket and Connection: Upgrade are needed\n"
    private static let badKey = "exactly one Sec-WebSocket-Key is needed, 16 bytes in base64\n"
    private static let badHost = "exactly one Host field with a host is needed\n"
    private static let body = "a WebSocket handshake has no body\n"

    static let refusals: [Case] = [
        // 400: each rule.
        Case(request: Handshake.request(without: [Handshake.key]), status: 400, body: badKey),
        Case(
            request: Handshake.request(without: [Handshake.key], "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"),
            status: 400, body: badKey),
        Case(request: Handshake.request("/echo", Handshake.key), status: 400, body: badKey),
        Case(request: Handshake.request(without: [Handshake.host]), status: 400, body: badHost),
        Case(request: Handshake.request("/echo", "Host: other.example"), status: 400, body: badHost),
        Case(
            request: Handshake.request(without: [Handshake.host], "Host: a b"), status: 400, body: badHost),
        Case(
            request: Handshake.request(version: "HTTP/1.0"), status: 400,
            body: "a WebSocket handshake needs HTTP/1.1\n"),
        Case(request: Handshake.request("/echo", "Content-Length: 5") + "hello", status: 400, body: body),
        Case(
            request: Handshake.request("/echo", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n", status: 400,
            body: body),
        Case(
            request: Handshake.request("/echo", "Sec-WebSocket-Protocol: a, a"), status: 400,
            body: "Sec-WebSocket-Protocol breaks its grammar\n"),
        Case(
            request: Handshake.request("/echo", "Sec-WebSocket-Extensions: a;"), status: 400,
            body: "Sec-WebSocket-Extensions breaks its grammar\n"),
        // 404, 405, 426.
        Case(request: Handshake.request("/nothing?x"), status: 404, body: "there is nothing at /nothing\n"),
        Case(
            request: Handshake.request(method: "POST"), status: 405,
            body: "a WebSocket handshake is a GET, not a POST\n",
            fields: ["Allow": "GET"]),
        Case(
            request: Handshake.request(without: [Handshake.version]), status: 426,
            body: "Sec-WebSocket-Version must be 13, not missing\n", fields: badVersion),
        Case(
            request: Handshake.request(without: [Handshake.version], "Sec-WebSocket-Version: 8"), status: 426,
            body: "Sec-WebSocket-Version must be 13, not 8\n", fields: badVersion),
        // What is no HTTP, or too much of it.
        Case(
            request: "hello, is this a WebSocket?\r\n\r\n", status: 400, body: "the request breaks HTTP's grammar\n"),
        Case(request: "\u{16}\u{3}\u{1}\u{0}\u{1}", status: 400, body: "the request breaks HTTP's grammar\n"),
        Case(
            request: Handshake.request("/echo", "X: \(String(repeating: "x", count: 100 << 10))"), status: 431,
            body: "the request's header fields are too large\n"),
    ]

    /// Each refusal is an answer with a reason, and the last thing on its connection.
    @Test(arguments: refusals)
    func refused(refusal: Case) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(refusal.request)
                let answer = try await client.readLastAnswer()
                #expect(answer.status == refusal.status)
                #expect(answer.body == refusal.body)
                #expect(answer.values("Connection").joined().hasSuffix("close"))
                #expect(answer.values("Content-Type") == ["text/plain; charset=utf-8"])
                for (name, value) in refusal.fields { #expect(answer.values(name) == [value]) }
            }
        }
    }

    /// An `Upgrade` that `Connection` does not name makes an ordinary request, which has its answer from the route, and the
    /// connection goes on.
    @Test(arguments: ["", "Connection: keep-alive"])
    func anUpgradeThatIsNotNamed(_ line: String) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                for _ in 0..<2 {
                    let request = Handshake.request(without: [Handshake.connection])
                    try await client.send(line.isEmpty ? request : request.dropLast(2) + line + "\r\n\r\n")
                    let answer = try await client.readAnswer()
                    #expect(answer.status == 426)
                    #expect(answer.body == Self.noUpgrade)
                    #expect(answer.values("Upgrade") == ["websocket"])
                }
            }
        }
    }

    /// The same on a connection that has had an ordinary request.
    @Test(arguments: refusals.prefix(1) + refusals.suffix(7))
    func refusedAfterAnOrdinaryRequest(refusal: Case) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.get("/page"))
                #expect(try await client.readAnswer().body == "a page")
                try await client.send(refusal.request)
                let answer = try await client.readLastAnswer()
                #expect(answer.status == refusal.status)
                #expect(answer.body == refusal.body)
            }
        }
    }

    @Test func unknownMethodAtARoute() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                #expect([404, 405].contains(try await client.readAnswer().status))
            }
        }
    }

    /// A client that ends its side behind a request that breaks a rule still gets the reason.
    @Test func refusedAfterHalfClose() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request(without: [Handshake.key]))
                try await client.endOutput()
                #expect(try await client.readLastAnswer().status == 400)
            }
        }
    }

    /// The same for a refusal that only the application knows, and behind ordinary requests.
    @Test(arguments: ["", Handshake.get("/page")])
    func refusedByTheApplicationAfterHalfClose(before: String) async throws {
        let router = echoRouter()
        let asked = Mailbox<Void>()
        let granted = Mailbox<Void>()
        router.get("/slow") { _, _ -> HTTPResponse.Status in
            asked.post(())
            _ = await granted.next()
            return .forbidden
        }
        try await TestServer.with(router) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(before + Handshake.request("/slow"))
                _ = await asked.next()
                try await client.endOutput()
                granted.post(())
                if !before.isEmpty { #expect(try await client.readAnswer().body == "a page") }
                let answer = try await client.readLastAnswer()
                #expect(answer.status == 403)
                #expect(answer.body == "Forbidden\n")
            }
        }
    }

    /// A refused connection ends as soon as the client has ended its side, whatever came before.
    @Test(arguments: ["", Handshake.get("/page")])
    func clientEndsAfterRefusal(before: String) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(before + Handshake.request("/nothing"))
                if !before.isEmpty { #expect(try await client.readAnswer().body == "a page") }
                #expect(try await client.readLastAnswer().status == 404)
                try await client.endOutput()
                try await client.channel.closeFuture.get()
            }
        }
    }

    /// Ordinary requests, too, say for which host they are.
    @Test(
        arguments: ["", Handshake.get("/page")], [[], [Handshake.host, Handshake.host], [Handshake.host, "host: b"]])
    func wrongHost(before: String, hosts: [String]) async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(before + (["GET /page HTTP/1.1"] + hosts + ["", ""]).joined(separator: "\r\n"))
                if !before.isEmpty { #expect(try await client.readAnswer().body == "a page") }
                let answer = try await client.readLastAnswer()
                #expect(answer.status == 400)
                #expect(answer.body == "exactly one Host field with a host is needed\n")
            }
        }
    }

    /// HTTP/1.0 needs none.
    @Test func noHostOverHTTP10() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send("GET /page HTTP/1.0\r\n\r\n")
                #expect(try await client.readLastAnswer().body == "a page")
            }
        }
    }

    // MARK: Bodies that break HTTP

    private static let chunked = "POST /nothing HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    /// A request that has its answer gets no other when its body turns out bad: behind a proxy, that would be taken for the answer to
    /// somebody else's.
    @Test func badBodyBehindItsAnswer() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Self.chunked)
                #expect(try await client.readAnswer().status == 404)
                try await client.send("zz\r\n")
                #expect(try await client.readToEnd() == [])
            }
        }
    }

    /// The same where the body is there before the answer, which does not need it.
    @Test func badBodyBeforeItsAnswer() async throws {
        let router = echoRouter()
        let (asked, granted) = (Mailbox<Void>(), Mailbox<Void>())
        router.post("/nothing") { _, _ in
            asked.post(())
            _ = await granted.next()
            return "an answer"
        }
        try await TestServer.with(router) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Self.chunked + "zz\r\n")
                _ = await asked.next()
                granted.post(())
                #expect(try await client.readLastAnswer().body == "an answer")
            }
        }
    }

    /// What cannot be parsed behind a request that is being answered is a request of its own, with its own answer.
    @Test func badRequestBehindABody() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Self.chunked + "0\r\n\r\nnonsense\r\n\r\n")
                #expect(try await client.readAnswer().status == 404)
                #expect(try await client.readLastAnswer().status == 400)
            }
        }
    }

    // MARK: Back pressure

    /// Counts how often the channel is asked to read.
    private final class ReadCounter: ChannelOutboundHandler {
        typealias OutboundIn = Never
        private(set) var count = 0

        func read(context: ChannelHandlerContext) {
            self.count += 1
            context.read()
        }
    }

    /// While the route decides, what the client sends waits in its socket, and not in this process.
    @Test func readsNothingWhileDeciding() throws {
        let channel = EmbeddedChannel()
        let reads = ReadCounter()
        try channel.pipeline.syncOperations.addHandler(reads)
        let setup = WebSocketServerChannel(responder: { _, _, _ in })
        _ = setup.setup(channel: channel, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        channel.read()
        #expect(reads.count == 1)
        try channel.writeInbound(ByteBuffer(string: Handshake.request()))
        channel.read()
        #expect(reads.count == 1)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }
}
