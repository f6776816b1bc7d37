import HTTPTypes
import NIOCore
import NIOPosix
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

@testable import WebSocketClient

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The ways to a server: redirects, proxies, Unix sockets, several addresses.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketClientReachingTests {
    private func greeting(_ url: String, _ options: DialOptions) async throws -> (WebSocketMessage?, HTTPRequest) {
        let socket = try await WebSocketClient.connect(to: url, options: options)
        var messages = socket.messages.makeAsyncIterator()
        let message = try await messages.next()
        socket.abort()
        return (message, socket.request)
    }

    private func failure(_ url: String, _ options: DialOptions) async -> DialError? {
        await #expect(throws: DialError.self) {
            let socket = try await WebSocketClient.connect(to: url, options: options)
            socket.abort()
        }
    }

    /// Answers the paths below /to/ with a redirect to what stands behind that, and greets on others.
    private func withRedirector<T: Sendable>(_ body: (RawServer, Mailbox<String>) async throws -> T) async throws -> T {
        let heads = Mailbox<String>()
        return try await RawServer.with { connection in
            let head = try await connection.readHead()
            heads.post(head)
            let path = head.split(separator: " ")[1]
            if path.hasPrefix("/to/") {
                try await connection.send(
                    "HTTP/1.1 302 Found\r\nLocation: \(path.dropFirst(4))\r\nContent-Length: 2\r\n\r\nno")
            } else {
                try await connection.accept(head, followedBy: Frame.text("hello"))
            }
            _ = try await connection.readToEnd()
        } _: { server in
            try await body(server, heads)
        }
    }

    // MARK: Redirects

    @Test func redirected() async throws {
        try await self.withRedirector { server, heads in
            let url = "ws://u:p@127.0.0.1:\(server.port)/to//to//end?x"
            let (message, request) = try await self.greeting(url, DialOptions(maxRedirects: 2))
            #expect(message == .text("hello"))
            // Where it ended.
            #expect(request.path == "/end?x")
            #expect(request.authority == "127.0.0.1:\(server.port)")
            for path in ["/to//to//end?x", "/to//end?x", "/end?x"] {
                let head = try #require(await heads.next())
                #expect(head.hasPrefix("GET \(path) HTTP/1.1\r\n"))
                #expect(head.lowercased().contains("authorization: basic dtpw\r\n"))
            }
        }
    }

    @Test func redirectedElsewhere() async throws {
        try await self.withRedirector { other, heads in
            try await self.withRedirector { server, _ in
                let options = DialOptions(
                    fields: [.authorization: "Bearer t"], cookies: [("a", "b")], maxRedirects: 1)
                let url = server.url("/to/\(other.url("/end"))")
                let (message, request) = try await self.greeting(url, options)
                #expect(message == .text("hello"))
                #expect(request.authority == "127.0.0.1:\(other.port)")
                let head = try #require(await heads.next()).lowercased()
                #expect(!head.contains("authorization") && !head.contains("cookie"))
            }
        }
    }

    @Test func notByDefault() async throws {
        try await self.withRedirector { server, _ in
            let error = await self.failure(server.url("/to//end"), DialOptions())
            #expect(error?.refusal?.response.headerFields[.location] == "/end")
            #expect(error?.url?.path == "/to//end")
        }
    }

    @Test func inCircles() async throws {
        try await RawServer.with { connection in
            _ = try await connection.readHead()
            try await connection.send("HTTP/1.1 307 Again\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
            _ = try await connection.readToEnd()
        } _: { server in
            let error = await self.failure(server.url(), DialOptions(maxRedirects: 3))
            #expect(error.map { "\($0)" }?.hasPrefix("not redirected: 3 redirects have been followed") == true)
            #expect(error?.refusal == nil)
        }
    }

    @Test func failureBehindARedirect() async throws {
        try await self.withRedirector { server, _ in
            let url = server.url("/to/ws://127.0.0.1:\(server.port)/to//")
            let error = await self.failure(url, DialOptions(maxRedirects: 1))
            #expect(error?.url?.path == "/to//")
            #expect(error.map { "\($0)" }?.hasSuffix("(redirected to \(server.url("/to//")))") == true)
        }
    }

    // MARK: What the answer brings

    @Test func response() async throws {
        try await RawServer.with { connection in
            var answer = try await connection.readHandshake()
            answer["Set-Cookie"] = "a=b"
            try await connection.send(RawConnection.switching(answer))
            _ = try await connection.readToEnd()
        } _: { server in
            let socket = try await WebSocketClient.connect(to: server.url())
            #expect(socket.handshake.response?.status.code == 101)
            #expect(socket.handshake.response?.headerFields[.setCookie] == "a=b")
            socket.abort()
        }
    }

    // MARK: Proxies

    @Test func throughAnHTTPProxy() async throws {
        let heads = Mailbox<String>()
        try await RawServer.with { connection in
            heads.post(try await connection.readHead())
            try await connection.send("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
            let head = try await connection.readHead()
            heads.post(head)
            try await connection.accept(head, followedBy: Frame.text("hello"))
            _ = try await connection.readToEnd()
        } _: { server in
            let proxy = DialProxy.http(host: "127.0.0.1", port: server.port, username: "u", password: "p")
            let (message, _) = try await self.greeting("ws://nowhere.invalid/x", DialOptions(proxy: proxy))
            #expect(message == .text("hello"))
            #expect(
                await heads.next()
                    == "CONNECT nowhere.invalid:80 HTTP/1.1\r\nHost: nowhere.invalid:80\r\nProxy-Authorization: Basic dTpw\r\n\r\n"
            )
            let head = try #require(await heads.next())
            #expect(head.hasPrefix("GET /x HTTP/1.1\r\n"))
            #expect(!head.lowercased().contains("proxy-"))
        }
    }

    @Test func throughASOCKSProxy() async throws {
        try await RawServer.with { connection in
            let greeting = try await connection.read(4)
            #expect(greeting == [5, 2, 0, 2])
            try await connection.send([5, 2])
            let credentials = try await connection.read(5)
            #expect(credentials == [1, 1, UInt8(ascii: "u"), 1, UInt8(ascii: "p")])
            try await connection.send([1, 0])
            let request = try await connection.read(22)
            #expect(request == [5, 1, 0, 3, 15] + Array("nowhere.invalid".utf8) + [0, 80])
            try await connection.send([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            try await connection.acceptHandshake(followedBy: Frame.text("hello"))
            _ = try await connection.readToEnd()
        } _: { server in
            let proxy = DialProxy.socks5(host: "127.0.0.1", port: server.port, username: "u", password: "p")
            let (message, _) = try await self.greeting("ws://nowhere.invalid/x", DialOptions(proxy: proxy))
            #expect(message == .text("hello"))
        }
    }

    @Test(
        arguments: [
            (
                "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 7\r\n\r\nwho?\r\nx",
                "the proxy refused: 407 Proxy Authentication Required: who?"
            ),
            ("HTTP/1.0 403 Filtered\r\n\r\nno\n", "the proxy refused: 403 Filtered: no"),
            ("", "the proxy failed: it ended the connection"),
            ("HTTP/1.1 200", "the proxy failed: it ended the connection"),
            ("SSH\n\n", "the proxy failed: its answer is not HTTP"),
        ])
    func refusedByAnHTTPProxy(answer: String, text: String) async throws {
        try await RawServer.with { connection in
            _ = try await connection.readHead()
            try await connection.send(answer)
            try? await connection.endOutput()
            _ = try await connection.readToEnd()
        } _: { server in
            let error = await self.failure(
                "ws://nowhere.invalid", DialOptions(proxy: .http(host: "127.0.0.1", port: server.port)))
            #expect(error.map { "\($0)" } == text)
        }
    }

    @Test func refusedByASOCKSProxy() async throws {
        try await RawServer.with { connection in
            _ = try await connection.read(3)
            try await connection.send([5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0])
            _ = try await connection.readToEnd()
        } _: { server in
            let error = await self.failure(
                "ws://nowhere.invalid", DialOptions(proxy: .socks5(host: "127.0.0.1", port: server.port)))
            #expect(error.map { "\($0)" } == "the proxy failed: the server refused the connection")
        }
    }

    @Test(arguments: ["", "HTTP/1.1 403 Filtered\r\n\r\nno"])
    func silentProxy(answer: String) async throws {
        try await RawServer.with { connection in
            if !answer.isEmpty { try? await connection.send(answer) }
            _ = try await connection.readToEnd()
        } _: { server in
            let options = DialOptions(
                proxy: .http(host: "127.0.0.1", port: server.port), connectTimeout: .milliseconds(100))
            let error = await self.failure("ws://nowhere.invalid", options)
            #expect(error?.isTimeout == true || error?.proxyRefusal != nil)
        }
    }

    @Test(arguments: ["http", "socks5"])
    func noProxyThere(scheme: String) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        try await listener.close()
        let options = DialOptions(proxy: try DialProxy("\(scheme)://u:secret@127.0.0.1:\(port)"))
        let text = await self.failure("ws://nowhere.invalid", options).map { "\($0)" } ?? ""
        #expect(text.hasPrefix("cannot connect: the proxy \(scheme)://127.0.0.1:\(port) cannot be reached: "))
        #expect(!text.contains("secret"))
    }

    @Test(arguments: [
        DialProxy.http(host: "127.0.0.1", port: 1, username: "a:b", password: "c"),
        .socks5(host: "127.0.0.1", port: 1, username: "", password: ""),
    ])
    func badCredentials(proxy: DialProxy) async {
        let error = await self.failure("ws://nowhere.invalid", DialOptions(proxy: proxy))
        #expect(error.map { "\($0)" }?.hasPrefix("the proxy cannot be used: ") == true)
    }

    // MARK: Unix sockets

    private func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ws-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder.path)
    }

    @Test func unixSocket() async throws {
        try await self.withFolder { folder in
            let path = "\(folder)/s"
            try await RawServer.with(unixSocket: path) { connection in
                let head = try await connection.readHead()
                #expect(head.hasPrefix("GET /chat HTTP/1.1\r\n"))
                #expect(head.lowercased().contains("\r\nhost: example.com\r\n"))
                try await connection.accept(head, followedBy: Frame.text("hello"))
                _ = try await connection.readToEnd()
            } _: { _ in
                let options = DialOptions(proxy: .http(host: "nowhere.invalid", port: 1), unixSocket: path)
                let (message, _) = try await self.greeting("ws://example.com/chat", options)
                #expect(message == .text("hello"))
            }
        }
    }

    @Test func noUnixSocket() async throws {
        try await self.withFolder { folder in
            let error = await self.failure("ws://a", DialOptions(unixSocket: "\(folder)/nothing"))
            #expect(error.map { "\($0)" }?.hasPrefix("cannot connect: \(folder)/nothing: ") == true)
            let long = "\(folder)/\(String(repeating: "x", count: 200))"
            let tooLong = await self.failure("ws://a", DialOptions(unixSocket: long))
            #expect(tooLong.map { "\($0)" } == "cannot connect: the path of the Unix socket is too long: \(long)")
        }
    }

    // MARK: Several addresses

    /// Says that a name has an address of each kind.
    private final class BothKinds: Resolver, Sendable {
        func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
            self.answer("127.0.0.1", port)
        }

        func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
            self.answer("::1", port)
        }

        func cancelQueries() {}

        private func answer(_ address: String, _ port: Int) -> EventLoopFuture<[SocketAddress]> {
            MultiThreadedEventLoopGroup.singleton.next().makeCompletedFuture {
                [try SocketAddress(ipAddress: address, port: port)]
            }
        }
    }

    /// Only one of the two addresses has a server.
    @Test(arguments: ["127.0.0.1", "::1"])
    func happyEyeballs(host: String) async throws {
        let serve: @Sendable (RawConnection) async throws -> Void = { connection in
            try await connection.acceptHandshake(followedBy: Frame.text("hello"))
            _ = try await connection.readToEnd()
        }
        // A machine without IPv6 has nothing to test here.
        let hasIPv6 = await self.hasIPv6()
        guard host == "127.0.0.1" || hasIPv6 else { return }
        try await RawServer.with(host: host, serve: serve) { server in
            var options = DialOptions()
            options.resolver = BothKinds()
            let (message, _) = try await self.greeting("ws://both.invalid:\(server.port)/", options)
            #expect(message == .text("hello"))
        }
    }

    private func hasIPv6() async -> Bool {
        let listener = try? await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "::1", port: 0).get()
        listener?.close(promise: nil)
        return listener != nil
    }
}
