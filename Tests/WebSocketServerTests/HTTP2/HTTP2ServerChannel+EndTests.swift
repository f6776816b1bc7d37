import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHPACK
import NIOHTTP2
import Synchronization
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO
import WebSocketServer

/// How a WebSocket over HTTP/2, its stream and its connection end.
extension HTTP2ServerChannelTests {
    /// The client closes: the answer, END_STREAM from the server, and END_STREAM from the client end the stream in order.
    @Test func closedByTheClient() async throws {
        try await self.with { connection in
            let stream = try await self.open(connection)
            try await stream.send(Frame.maskedClose(1000))
            #expect(try await stream.bytesToEnd() == Frame.close(1000))
            // A machine that is busy can be late for it, and finds the stream freed.
            try? await stream.send([], endStream: true)
            let end = await stream.end()
            #expect(end == nil || end == .noError)
        }
    }

    /// Firefox never ends its side of a stream that the server has ended: the WebSocket ends without that, and the stream soon.
    @Test func closedAndForgotten() async throws {
        let closures = Mailbox<Closure>()
        try await self.with(self.tracked(closures)) { connection in
            let streams = try await withThrowingTaskGroup(of: RawHTTP2Stream.self) { group in
                for _ in 0..<100 { group.addTask { try await self.open(connection) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for stream in streams {
                try await stream.send(Frame.maskedClose(1000))
                #expect(await closures.next()?.wasClean == true)
                #expect(try await stream.bytesToEnd() == Frame.close(1000))
            }
            for stream in streams { #expect(await stream.end() == .noError) }
            try await self.echo(try await self.open(connection), "still here")
        }
    }

    /// A connection that breaks takes no other with it, though its task may be the one that keeps the server for all.
    @Test func theEndOfOneConnectionLeavesTheOthers() async throws {
        let closures = Mailbox<Closure>()
        let (first, second) = (Mailbox<Void>(), Mailbox<Void>())
        try await TestServer.with(self.tracked(closures), server: Self.server) { server in
            async let stays: Void = RawHTTP2Connection.with(port: server.port) { connection in
                _ = await first.next()
                let socket = try await self.open(connection)
                second.post(())
                let goodbye = Frame.close(1001, "the server shuts down")
                #expect(try await socket.bytes(goodbye.count) == goodbye)
                try await socket.send(Frame.maskedClose(1001), endStream: true)
                _ = try await socket.bytesToEnd()
            }
            try await RawHTTP2Connection.with(port: server.port) { connection in
                _ = try await self.open(connection)
                first.post(())
                _ = await second.next()
                try await connection.reset()
            }
            #expect(await closures.next()?.code == .abnormalClosure)
            await server.shutDown()
            try await stays
            #expect(await closures.next()?.code == .goingAway)
        }
    }

    /// The server closes; the client answers, and its side ends with that.
    @Test func closedByTheServer() async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket("/bye") { socket, _ in try socket.startClosing(code: CloseCode(rawValue: 4001), reason: "bye")
        }
        try await self.with(router) { connection in
            let stream = try await self.open(connection, "/bye")
            let expected = Frame.close(4001, "bye")
            #expect(try await stream.bytes(expected.count) == expected)
            try await stream.send(Frame.maskedClose(4001), endStream: true)
            #expect(try await stream.bytesToEnd() == [])
            #expect(await stream.end() == nil)
        }
    }

    /// A client that ends its side without a Close frame is gone: 1006, and the server ends its side, too.
    @Test func halfClose() async throws {
        let closures = Mailbox<Closure>()
        try await self.with(self.tracked(closures)) { connection in
            let stream = try await self.open(connection)
            try await stream.send([], endStream: true)
            #expect(await closures.next()?.code == .abnormalClosure)
            #expect(try await stream.bytesToEnd() == [])
            #expect(await stream.end() == nil)
        }
    }

    /// A reset in the middle of a message ends that WebSocket with 1006, and no other.
    @Test func reset() async throws {
        let closures = Mailbox<Closure>()
        try await self.with(self.tracked(closures)) { connection in
            let other = try await self.open(connection)
            let stream = try await self.open(connection)
            try await stream.send(Array(Frame.masked("never whole").dropLast(3)))
            try await stream.send(.rstStream(.cancel))
            #expect(await closures.next()?.code == .abnormalClosure)
            try await self.echo(other, "still here")
        }
    }

    /// The server cuts a WebSocket: RST_STREAM with CANCEL.
    @Test func abort() async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket("/cut") { socket, _ in
            for try await _ in socket.messages { socket.abort() }
        }
        try await self.with(router) { connection in
            let stream = try await self.open(connection, "/cut")
            try await stream.send(Frame.masked("x"))
            #expect(await stream.end() == .cancel)
        }
    }

    /// A broken rule: the Close frame, the end of the server's side, and then it waits for the client's.
    @Test func protocolError() async throws {
        try await self.with { connection in
            let stream = try await self.open(connection)
            try await stream.send([0xFF, 0x80, 0, 0, 0, 0])
            let bytes = try await stream.bytesToEnd()
            #expect(bytes.starts(with: [0x88]) && bytes[2...3] == [0x03, 0xEA])
            try await stream.send([], endStream: true)
            #expect(await stream.end() == nil)
        }
    }

    func tracked(_ closures: Mailbox<Closure>) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket(
            "/echo",
            events: { socket in
                socket.whenClosed { closures.post($0) }
                return Echo()
            })
        return router
    }
}
