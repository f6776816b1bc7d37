import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
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

    // MARK: Slow routes

    /// A handshake whose route decides nothing, and tells when it is asked and when it is cancelled.
    private func undecided(
        _ body: (NIOAsyncTestingChannel) async throws -> Void
    ) async throws {
        let channel = NIOAsyncTestingChannel()
        let (asked, forever) = (Mailbox<Void>(), Mailbox<Void>())
        let setup = WebSocketServerChannel(responder: { _, _, _ in
            asked.post(())
            // Ends when the task is cancelled.
            await forever.next()
        })
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let value = try await channel.eventLoop.flatSubmit { setup.setup(channel: channel, logger: logger) }.get()
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1))
        async let handled: Void = setup.handle(value: value, logger: logger)
        try await channel.writeInbound(ByteBuffer(string: Handshake.request()))
        await asked.next()
        try await body(channel)
        await handled
        _ = try? await channel.finish(acceptAlreadyClosed: true)
    }

    /// Nothing is left running for a client that has gone: it is not counted any more either.
    @Test func clientGoesWhileTheRouteDecides() async throws {
        try await self.undecided { channel in try await channel.close() }
    }

    @Test func routeTakesTooLong() async throws {
        try await self.undecided { channel in
            let limit = WebSocketServerConfiguration.defaultHandshakeTimeout
            await channel.testingEventLoop.advanceTime(by: .nanoseconds(limit.components.seconds * 1_000_000_000 - 1))
            #expect(channel.isActive)
            await channel.testingEventLoop.advanceTime(by: .nanoseconds(1))
            let answer = String(buffer: try await channel.waitForOutboundWrite(as: ByteBuffer.self))
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
        }
    }

    /// A route that is still deciding when the server shuts down is stopped, too.
    @Test func shutdownWhileTheRouteDecides() async throws {
        try await self.undecided { channel in
            try await channel.eventLoop.submit {
                channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            }.get()
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
