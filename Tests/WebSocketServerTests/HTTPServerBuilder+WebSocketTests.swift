import Hummingbird
import HummingbirdCore
import TestSupport
import Testing
import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct HTTPServerBuilderWebSocketTests {
    /// The limits of Hummingbird's configuration are those of the handshake.
    @Test func headerLimits() async throws {
        var configuration = HTTP1Channel.Configuration()
        configuration.httpDecoder.maxHeaderListSize = 1024
        try await TestServer.with(echoRouter(), server: .webSocket(.init(http1: configuration))) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/echo", "X: \(String(repeating: "x", count: 2048))"))
                let answer = try await client.readLastAnswer()
                #expect(answer.status == 431)
                #expect(answer.body == "the request's header fields are too large\n")
            }
            try await RawConnection.with(port: server.port) { client in
                try await client.send(Handshake.request("/echo", "X: \(String(repeating: "x", count: 512))"))
                #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
            }
        }
    }

    @Test func handshakeTimeout() async throws {
        let builder = HTTPServerBuilder.webSocket(.init(handshakeTimeout: .milliseconds(20)))
        try await TestServer.with(echoRouter(), server: builder) { server in
            try await RawConnection.with(port: server.port) { client in
                let answer = try await client.readLastAnswer()
                #expect(answer.status == 408)
                #expect(answer.values("Connection") == ["close"])
                #expect(answer.body == "no request came in time\n")
            }
            // Half of a head is no request.
            try await RawConnection.with(port: server.port) { client in
                try await client.send("GET /echo HTTP/1.1\r\nHost: a\r\n")
                #expect(try await client.readLastAnswer().status == 408)
            }
        }
    }

    /// The idle time is that of ordinary requests: a WebSocket may be quiet for longer, even where it began as the second
    /// request of its connection.
    @Test func idleTimeoutIsNotForWebSockets() async throws {
        let builder = HTTPServerBuilder.webSocket(.init(http1: .init(idleTimeout: .milliseconds(50))))
        try await TestServer.with(echoRouter(), server: builder) { server in
            try await RawConnection.with(port: server.port) { upgraded in
                try await upgraded.send(Handshake.get("/page") + Handshake.request())
                #expect(try await upgraded.readAnswer().body == "a page")
                #expect(try await upgraded.readHead().hasPrefix("HTTP/1.1 101 "))
                // Two connections that began later, one after the other, are closed for being idle.
                for _ in 0..<2 {
                    try await RawConnection.with(port: server.port) { idle in
                        try await idle.send(Handshake.get("/page"))
                        #expect(try await idle.readAnswer().body == "a page")
                        #expect(try await idle.readToEnd() == [])
                    }
                }
                try await upgraded.send(Frame.masked("still here"))
                #expect(try await upgraded.read(12) == Frame.text("still here"))
            }
        }
    }

    /// A server that was not built for it says so.
    @Test func otherServer() async throws {
        try await TestServer.with(echoRouter(), server: .http1()) { server in
            try await RawConnection.with(port: server.port) { client in
                // Hummingbird's own parser stops at an upgrade: one request is all that the connection takes.
                try await client.send(Handshake.request())
                let answer = try await client.readAnswer()
                #expect(answer.status == 501)
                #expect(answer.body == "this server was not built with .webSocket()\n")
            }
        }
    }
}
