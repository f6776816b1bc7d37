import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import TestSupport
import Testing
import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct UpgradeAttemptTests {
    private static let chunk = ByteBuffer(repeating: UInt8(ascii: "a"), count: 1024)

    /// A page is no WebSocket, even when asked for one.
    @Test func ordinaryRoute() async throws {
        try await TestServer.with(echoRouter()) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/page"))
                let answer = try await client.readLastAnswer()
                #expect(answer.status == 400)
                #expect(answer.body == "there is no WebSocket at /page\n")
            }
        }
    }

    /// A route that streams for as long as somebody listens is told that nobody does.
    @Test func endlessRoute() async throws {
        let router = Router(context: BasicRequestContext.self)
        let ended = Mailbox<Void>()
        router.get("/endless") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    defer { ended.post(()) }
                    while !Task.isCancelled {
                        try await writer.write(UpgradeAttemptTests.chunk)
                        await Task.yield()
                    }
                })
        }
        try await TestServer.with(router) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/endless"))
                let answer = try await client.readLastAnswer()
                #expect(answer.status == 400)
                #expect(answer.body == "there is no WebSocket at /endless\n")
            }
            #expect(await ended.next() != nil)
        }
    }

    /// The answer does not wait for a route that does not look whether it is cancelled.
    @Test(arguments: [HTTPResponse.Status.ok, .forbidden])
    func stubbornRoute(status: HTTPResponse.Status) async throws {
        let router = Router(context: BasicRequestContext.self)
        let released = Flag()
        router.get("/stubborn") { _, _ in
            Response(
                status: status,
                body: ResponseBody { writer in
                    while !released.value.load(ordering: .relaxed) {
                        try await writer.write(UpgradeAttemptTests.chunk)
                        await Task.yield()
                    }
                })
        }
        try await TestServer.with(router) { server in
            defer { released.value.store(true, ordering: .relaxed) }
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/stubborn"))
                let answer = try await client.readLastAnswer()
                #expect(answer.status == (status == .ok ? 400 : status.code))
            }
        }
    }

    /// A refusal's body is passed on whole, up to what is enough for a page.
    @Test func refusalWithABody() async throws {
        let router = Router(context: BasicRequestContext.self)
        router.get("/small") { _, _ in
            Response(status: .forbidden, body: .init(byteBuffer: ByteBuffer(string: "<p>no</p>")))
        }
        router.get("/pieces") { _, _ in
            Response(
                status: .forbidden,
                body: ResponseBody { writer in
                    for piece in ["n", "", "o"] { try await writer.write(ByteBuffer(string: piece)) }
                    try await writer.finish(nil)
                })
        }
        let piece = String(repeating: "a", count: 40_000)
        router.get("/large") { _, _ in
            Response(status: .forbidden, body: .init(byteBuffer: ByteBuffer(string: piece + piece)))
        }
        router.get("/large-pieces") { _, _ in
            Response(
                status: .forbidden,
                body: ResponseBody { writer in
                    for _ in 0..<3 { try await writer.write(ByteBuffer(string: piece)) }
                    try await writer.finish(nil)
                })
        }
        let cut = String(repeating: "a", count: 64 << 10)
        try await TestServer.with(router) { server in
            for (path, body) in [("/small", "<p>no</p>"), ("/pieces", "no"), ("/large", cut), ("/large-pieces", cut)] {
                try await RawConnection.with(port: server.port) { client in
                    try await client.send(Handshake.request(path))
                    let answer = try await client.readLastAnswer()
                    #expect(answer.status == 403)
                    #expect(answer.body == body)
                    #expect(answer.values("Transfer-Encoding") == [])
                }
            }
        }
    }
}

/// Something that closures share.
private final class Flag: Sendable {
    let value = Atomic(false)
}
