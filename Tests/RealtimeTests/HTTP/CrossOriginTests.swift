import HTTPTypes
import RealtimeCore
import TestSupport
import Testing
import WebSocketServer

@testable import Realtime

@Suite(.timeLimit(.minutes(1))) struct CrossOriginTests {
    private let page = ["Origin": "https://page.example"]

    @Test func anAllowedPageMayReadTheAnswer() async throws {
        try await RoomsServer.with(origins: .list(["https://page.example"])) { server in
            for path in ["messages", "members", "nothing"] {
                let answer = try await server.ask("GET", "/rooms/chat/\(path)", self.page)
                #expect(answer.values("Access-Control-Allow-Origin") == ["https://page.example"])
                #expect(answer.values("Access-Control-Allow-Credentials") == ["true"])
                #expect(answer.values("Access-Control-Expose-Headers") == ["ETag, Retry-After"])
                #expect(answer.values("Vary").joined().contains("Origin"))
            }
            // Without an origin there is nothing to say, but that it would.
            let own = try await server.ask("GET", "/rooms/chat/members")
            #expect(own.values("Access-Control-Allow-Origin") == [])
            #expect(own.values("Vary") == ["Origin"])
        }
    }

    @Test func anotherPageIsRefused() async throws {
        try await RoomsServer.with(origins: .list(["https://page.example"])) { server in
            for method in ["GET", "POST", "OPTIONS"] {
                let answer = try await server.ask(
                    method, "/rooms/chat/messages",
                    ["Origin": "https://stranger.example", "Content-Type": "application/json"],
                    body: method == "POST" ? #"{"data":1}"# : "")
                #expect(answer.status == 403)
                #expect(answer.values("Access-Control-Allow-Origin") == [])
                #expect(answer.values("Access-Control-Allow-Methods") == [])
                #expect(answer.body.hasPrefix(#"{"error":{"code":"forbidden","#))
            }
            #expect(try await server.hub.read(server.chat, from: .oldest).messages.isEmpty)
        }
    }

    @Test func itsOwnPagesMayOfBothSchemes() async throws {
        try await RoomsServer.with { server in
            for (origin, status) in [
                ("http://duplex.example", 200), ("https://duplex.example", 200), ("https://duplex.example:8443", 403),
                ("null", 403),
            ] {
                let answer = try await server.ask("GET", "/rooms/chat/members", ["Origin": origin])
                #expect(answer.status == status)
            }
        }
    }

    /// The proxy is one that is trusted, and calls the server by another name than its client.
    @Test func aProxySaysHowTheServerWasCalled() async throws {
        let server = WebSocketServerConfiguration(trustedProxies: AddressRange.loopback)
        try await RoomsServer.with(on: .webSocket(server)) { server in
            for (origin, status) in [
                ("https://page.example", 200), ("http://page.example", 403), ("https://duplex.example", 403),
            ] {
                let answer = try await server.ask(
                    "GET", "/rooms/chat/members",
                    [
                        "Origin": origin, "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https",
                        "X-Forwarded-Host": "page.example",
                    ])
                #expect(answer.status == status)
            }
        }
        // Nobody else's word counts.
        try await RoomsServer.with { server in
            let answer = try await server.ask(
                "GET", "/rooms/chat/members",
                [
                    "Origin": "https://page.example", "X-Forwarded-For": "203.0.113.7",
                    "X-Forwarded-Host": "page.example",
                ])
            #expect(answer.status == 403)
        }
    }

    @Test func anyPageMayButWithoutCookies() async throws {
        try await RoomsServer.with(origins: .any) { server in
            let answer = try await server.ask("GET", "/rooms/chat/members", self.page)
            #expect(answer.values("Access-Control-Allow-Origin") == ["*"])
            #expect(answer.values("Access-Control-Allow-Credentials") == [])
        }
    }

    @Test func aPreflightIsAnsweredForTheMethods() async throws {
        try await RoomsServer.with(origins: .list(["https://page.example"])) { server in
            for (path, methods) in [("messages", "GET, HEAD, POST"), ("stream", "GET, HEAD"), ("members", "GET, HEAD")]
            {
                var fields = self.page
                fields["Access-Control-Request-Method"] = "POST"
                // Browsers send no cookies with it.
                let answer = try await server.ask("OPTIONS", "/rooms/chat/\(path)", fields, as: nil)
                #expect(answer.status == 204)
                #expect(answer.values("Content-Length") == [])
                #expect(answer.values("Access-Control-Allow-Origin") == ["https://page.example"])
                #expect(answer.values("Access-Control-Allow-Credentials") == ["true"])
                #expect(answer.values("Access-Control-Allow-Methods") == [methods])
                let headers = answer.values("Access-Control-Allow-Headers").joined()
                for field in ["Content-Type", "Idempotency-Key", "Last-Event-ID", "If-None-Match", "Authorization"] {
                    #expect(headers.contains(field))
                }
                #expect(answer.values("Access-Control-Max-Age") == ["600"])
            }
            // It says what there is, without a page, too.
            let plain = try await server.ask("OPTIONS", "/rooms/chat/stream", as: nil)
            #expect(plain.status == 204 && plain.values("Allow") == ["GET, HEAD"])
            #expect(plain.values("Access-Control-Allow-Methods") == [])
        }
    }
}
