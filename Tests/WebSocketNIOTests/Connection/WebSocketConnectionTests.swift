import HTTPTypes
import NIOCore
import NIOPosix
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct WebSocketConnectionTests {
    @Test func whatItKnows() async throws {
        try await Pair.with { pair in
            #expect(pair.server.role == .server && pair.client.role == .client)
            #expect(pair.server.readyState == .open)
            #expect(pair.server.subprotocol == nil && pair.server.extensions.isEmpty)
            #expect(pair.server.request.path == "/")
            #expect(pair.server.peerAddress?.ipAddress == "127.0.0.1")
            #expect(pair.server.closure == nil)
            #expect(pair.server.bufferedAmount == 0)
            #expect("\(pair.server)".contains("server"))
        }
    }

    @Test func allWhoWaitForTheEndAreTold() async throws {
        try await Pair.with { pair in
            async let first = pair.server.closed
            async let second = pair.server.closed
            try await pair.client.close(code: 4001, reason: "done")
            let expected = Closure(code: 4001, reason: "done", wasClean: true)
            let found1 = await first
            #expect(found1 == expected)
            let found2 = await second
            #expect(found2 == expected)
            let found3 = await pair.server.closed
            #expect(found3 == expected)
            #expect(pair.server.closure == expected)
            #expect(pair.server.readyState == .closed)
        }
    }

    @Test func nothingIsHeldAfterTheEnd() async throws {
        weak var server: WebSocketConnection?
        weak var driver: WebSocketChannelHandler?
        try await Pair.with { pair in
            server = pair.server
            driver = pair.server.handler
            try await pair.client.send("x")
            try await pair.client.close()
            _ = await pair.server.closed
        }
        // The loops let go after they have told.
        for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() {
            for _ in 0..<1000 where driver != nil || server != nil { try await loop.submit {}.get() }
        }
        #expect(driver == nil)
        #expect(server == nil)
    }
}
