import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

@testable import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct WebSocketApplicationTests {
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    struct Running: Sendable {
        let channels: [any Channel]
        var ports: [Int?] { self.channels.map { $0.localAddress?.port } }
        let services: ServiceGroup

        func shutDown() async { await self.services.triggerGracefulShutdown() }
    }

    /// Runs a server for as long as the closure runs.
    private func with<T: Sendable>(
        _ addresses: [ListenAddress], _ configuration: WebSocketServerConfiguration = .init(), reusePort: Bool = false,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        _ body: (Running) async throws -> T
    ) async throws -> T {
        let started = Mailbox<[any Channel]?>()
        let app = WebSocketApplication(
            router: echoRouter(), addresses: addresses, configuration: configuration, reusePort: reusePort,
            serverName: "test", eventLoopGroup: group, logger: Self.logger,
            onRunning: { started.post($0) })
        let services = ServiceGroup(configuration: .init(services: [app], logger: Self.logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { started.post(nil) }
                try await services.run()
            }
            guard let channels = await started.next() ?? nil else {
                try await tasks.waitForAll()
                throw TestServer.DidNotStart()
            }
            let result: T
            do {
                result = try await body(Running(channels: channels, services: services))
            } catch {
                await services.triggerGracefulShutdown()
                try? await tasks.waitForAll()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }

    private func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ws-\(UUID().uuidString.prefix(8))")
            .path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder)
    }

    /// Leaves a socket file as a server does that was killed.
    private func abandonSocket(_ path: String) throws {
        #if canImport(Darwin)
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #else
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        let result = try SocketAddress(unixDomainSocketPath: path).withSockAddr { bind(descriptor, $0, socklen_t($1)) }
        #expect(result == 0)
        _ = Foundation.close(descriptor)
    }

    /// A connection to a Unix socket.
    private func rawConnection(_ path: String) async throws -> RawConnection {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture { try RawConnection.adopt(channel) }
            }
    }

    private func echo(_ url: String, _ options: DialOptions = DialOptions()) async throws {
        let socket = try await WebSocketClient.connect(to: url, options: options)
        var messages = socket.messages.makeAsyncIterator()
        try await socket.send("hi")
        #expect(try await messages.next() == .text("hi"))
        try await socket.close()
    }

    @Test func severalAddresses() async throws {
        try await self.withFolder { folder in
            let path = "\(folder)/s"
            let addresses: [ListenAddress] = [
                .hostname("127.0.0.1", port: 0), .hostname("::1", port: 0), .unixSocket(path: path),
            ]
            try await self.with(addresses) { server in
                try await self.echo("ws://127.0.0.1:\(server.ports[0] ?? 0)/echo")
                try await self.echo("ws://[::1]:\(server.ports[1] ?? 0)/echo")
                try await self.echo("ws://localhost/echo", DialOptions(unixSocket: path))
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    /// A socket file that a killed server left is replaced; one that is in use is not, and neither is another file.
    @Test func unixSocketsThatAreThere() async throws {
        try await self.withFolder { folder in
            let path = "\(folder)/s"
            try self.abandonSocket(path)
            #expect(FileManager.default.fileExists(atPath: path))
            try await self.with([.unixSocket(path: path)]) { _ in
                try await self.echo("ws://localhost/echo", DialOptions(unixSocket: path))
                let error = await #expect(throws: ListenError.self) {
                    try await self.with([.hostname("127.0.0.1", port: 0), .unixSocket(path: path)]) { _ in }
                }
                #expect(error?.description == "cannot listen on \(path): Address already in use")
                try await self.echo("ws://localhost/echo", DialOptions(unixSocket: path))
            }
            try "a file".write(toFile: path, atomically: true, encoding: .utf8)
            await #expect(throws: ListenError.self) { try await self.with([.unixSocket(path: path)]) { _ in } }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "a file")
        }
    }

    /// The next server listens while the one before still has connections, and keeps its socket file when that one is gone.
    @Test func unixSocketIsHandedOver() async throws {
        try await self.withFolder { folder in
            let path = "\(folder)/s"
            let (started, finish, ended) = (Mailbox<Running>(), Mailbox<Void>(), Mailbox<Void>())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await self.with([.unixSocket(path: path)]) { old in
                        started.post(old)
                        await finish.next()
                    }
                    ended.post(())
                }
                let old = try #require(await started.next())
                let client = try await self.rawConnection(path)
                try await client.send(Handshake.request())
                #expect(try await client.readHead().hasPrefix("HTTP/1.1 101 "))
                await old.shutDown()
                let close = Frame.close(1001, "the server shuts down")
                #expect(try await client.read(close.count) == close)
                try await self.with([.unixSocket(path: path)]) { _ in
                    try await client.send(Frame.maskedClose(1001))
                    finish.post(())
                    await ended.next()
                    try await self.echo("ws://localhost/echo", DialOptions(unixSocket: path))
                }
                client.close()
                try await group.waitForAll()
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    /// A server whose listeners have all ended by themselves tells its connections, and ends with an error. As long as one is left, it
    /// goes on.
    @Test func listenersEnd() async throws {
        let addresses = [ListenAddress.hostname("127.0.0.1", port: 0), .hostname("127.0.0.1", port: 0)]
        let closure = Mailbox<Closure>()
        let error = await #expect(throws: ListenError.self) {
            try await self.with(addresses) { server in
                let ports = server.ports
                let socket = try await WebSocketClient.connect(to: "ws://127.0.0.1:\(ports[0] ?? 0)/echo")
                // What NIO does with an error that it takes for the end.
                server.channels[0].pipeline.fireErrorCaught(IOError(errnoCode: EPROTO, reason: "accept"))
                try await server.channels[0].close()
                try await self.echo("ws://127.0.0.1:\(ports[1] ?? 0)/echo")
                server.channels[1].pipeline.fireErrorCaught(IOError(errnoCode: EPROTO, reason: "accept"))
                try await server.channels[1].close()
                closure.post(await socket.closed)
            }
        }
        #expect(await closure.next()?.code == 1001)
        #expect(error?.reason.contains("accept") == true)
    }

    /// Each loop has its listener, on one port, and another server can join them.
    @Test func reusePort() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        try await self.with([.hostname("127.0.0.1", port: 0)], reusePort: true, group: group) { server in
            #expect(server.ports.count == 3)
            #expect(Set(server.ports).count == 1)
            let port = server.ports[0] ?? 0
            for _ in 0..<10 { try await self.echo("ws://127.0.0.1:\(port)/echo") }
            try await self.with([.hostname("127.0.0.1", port: port)], reusePort: true) { _ in
                for _ in 0..<10 { try await self.echo("ws://127.0.0.1:\(port)/echo") }
            }
            let error = await #expect(throws: ListenError.self) {
                try await self.with([.hostname("127.0.0.1", port: port)]) { _ in }
            }
            #expect(error?.address == "127.0.0.1:\(port)")
            #expect(error?.reason == "Address already in use")
        }
        try await group.shutdownGracefully()
    }

    /// Ordinary requests have what Hummingbird's application gives them.
    @Test func ordinaryRequests() async throws {
        try await self.with([.hostname("127.0.0.1", port: 0)]) { server in
            try await RawConnection.with(port: server.ports[0] ?? 0) { client in
                for path in ["/page", "/nothing"] {
                    try await client.send(Handshake.get(path))
                    let answer = try await client.readAnswer()
                    #expect(answer.status == (path == "/page" ? 200 : 404))
                    #expect(answer.values("Server") == ["test"])
                    #expect(answer.values("Date").first?.hasSuffix(" GMT") == true)
                }
            }
        }
    }

    // MARK: Drain

    /// All are told the code and the reason, nobody is lost, and the server ends.
    @Test func drain() async throws {
        let policy = DrainPolicy(pace: 20, window: .seconds(30), reconnectAfter: .milliseconds(250))
        try await self.with([.hostname("127.0.0.1", port: 0)], .init(drain: policy)) { server in
            var sockets: [WebSocketConnection] = []
            for path in ["/echo", "/read", "/echo", "/read", "/echo"] {
                sockets.append(try await WebSocketClient.connect(to: "ws://127.0.0.1:\(server.ports[0] ?? 0)\(path)"))
            }
            await server.shutDown()
            for socket in sockets {
                #expect(await socket.closed == Closure(code: 1012, reason: "reconnect after 250 ms", wasClean: true))
            }
        }
    }

    /// Those whose turn has not come go on meanwhile.
    @Test func goesOnUntilItsTurn() async throws {
        // One at once, and one in each second from then on.
        let policy = DrainPolicy(pace: 1, window: .seconds(30))
        try await self.with([.hostname("127.0.0.1", port: 0)], .init(drain: policy)) { server in
            var sockets: [WebSocketConnection] = []
            // Many, so that a machine that is busy is not behind the last one's turn.
            for _ in 0..<20 {
                sockets.append(try await WebSocketClient.connect(to: "ws://127.0.0.1:\(server.ports[0] ?? 0)/echo"))
            }
            await server.shutDown()
            await withTaskGroup(of: Void.self) { group in
                for socket in sockets { group.addTask { _ = await socket.closed } }
                await group.next()
                // One is gone; of the others, at least the last one still echoes.
                var answers = 0
                for socket in sockets where socket.readyState == .open {
                    var messages = socket.messages.makeAsyncIterator()
                    try? await socket.send("hi")
                    if (try? await messages.next()) == .text("hi") { answers += 1 }
                }
                #expect(answers > 0)
                // The turns of the others take long.
                for socket in sockets { socket.abort() }
            }
        }
    }
}
