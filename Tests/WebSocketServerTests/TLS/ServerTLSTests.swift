import Foundation
import Hummingbird
import NIOCore
import NIOSSL
import Synchronization
import TestSupport
import Testing
import WebSocketClient
import WebSocketNIO
import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct ServerTLSTests {
    /// Says whose certificate the client showed.
    private struct Namer: WebSocketHandler {
        let name: String?

        func opened(_ connection: WebSocketConnection) { connection.trySend(self.name ?? "none") }
        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            connection.trySend(bytes, as: kind)
        }
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket(
            "/", accept: { _, _ in .accept(Peer.current?.certificate?.serialNumber.map { Int($0) }.description) },
            subprotocols: [.events(nil) { _, name in Namer(name: name) }])
        router.get("/scheme") { request, _ in "\(request.head.scheme ?? "") \(Peer.current?.isSecure ?? false)" }
        return router
    }

    private func options(trusting pem: String, _ set: (inout TLSConfiguration) throws -> Void = { _ in }) throws
        -> DialOptions
    {
        var options = DialOptions(serverName: pem == Certificates.otherName ? "other.example" : "localhost")
        options.tls.trustRoots = .certificates([try Certificates.parse(pem)])
        try set(&options.tls)
        return options
    }

    private func url(_ server: TestServer) -> String { "wss://127.0.0.1:\(server.port)/" }

    /// What the server says first.
    private func greeting(_ socket: WebSocketConnection) async throws -> WebSocketMessage? {
        var messages = socket.messages.makeAsyncIterator()
        return try await messages.next()
    }

    @Test func secure() async throws {
        let tls = try ServerTLS { try Certificates.serverConfiguration(Certificates.localhost) }
        try await TestServer.with(self.router(), server: .webSocket(.init(tls: tls))) { server in
            let socket = try await WebSocketClient.connect(
                to: self.url(server), options: self.options(trusting: Certificates.localhost))
            #expect(try await self.greeting(socket) == .text("none"))
            try await socket.close()
            #expect(await socket.closed.wasClean)
        }
    }

    /// Connections keep what they began with; new ones get the new. What cannot be used changes nothing.
    @Test func reload() async throws {
        struct Broken: Error {}
        let pem = Mutex<String?>(Certificates.localhost)
        let tls = try ServerTLS {
            guard let pem = pem.withLock({ $0 }) else { throw Broken() }
            return try Certificates.serverConfiguration(pem)
        }
        try await TestServer.with(self.router(), server: .webSocket(.init(tls: tls))) { server in
            let old = try self.options(trusting: Certificates.localhost)
            let new = try self.options(trusting: Certificates.otherName)
            let first = try await WebSocketClient.connect(to: self.url(server), options: old)
            var messages = first.messages.makeAsyncIterator()
            #expect(try await messages.next() == .text("none"))

            pem.withLock { $0 = nil }
            #expect(throws: Broken.self) { try tls.reload() }
            let second = try await WebSocketClient.connect(to: self.url(server), options: old)
            try await second.close()

            pem.withLock { $0 = Certificates.otherName }
            try tls.reload()
            let third = try await WebSocketClient.connect(to: self.url(server), options: new)
            try await third.close()
            await #expect(throws: DialError.self) {
                _ = try await WebSocketClient.connect(to: self.url(server), options: old)
            }
            try await first.send("still here")
            #expect(try await messages.next() == .text("still here"))
            try await first.close()
        }
    }

    /// How a server asks for a client's certificate, whether one is shown, and what the route sees; nil for a failed handshake.
    @Test(
        arguments: [
            (false, false, "none"), (false, true, "some"), (true, false, nil), (true, true, "some"),
        ] as [(Bool, Bool, String?)])
    func clientCertificates(isRequired: Bool, isShown: Bool, seen: String?) async throws {
        let tls = try ServerTLS {
            var configuration = try Certificates.serverConfiguration(Certificates.localhost)
            configuration.certificateVerification = isRequired ? .noHostnameVerification : .optionalVerification
            configuration.trustRoots = .certificates([try Certificates.parse(Certificates.client)])
            return configuration
        }
        try await TestServer.with(self.router(), server: .webSocket(.init(tls: tls))) { server in
            let options = try self.options(trusting: Certificates.localhost) { tls in
                guard isShown else { return }
                tls.certificateChain = [.certificate(try Certificates.parse(Certificates.client))]
                tls.privateKey = .privateKey(try Certificates.privateKey())
            }
            guard let seen else {
                // With TLS 1.3 the client's side is done before the server says no.
                await #expect(throws: (any Error).self) {
                    let socket = try await WebSocketClient.connect(to: self.url(server), options: options)
                    let greeting = try await self.greeting(socket)
                    if greeting == nil { throw WebSocketClientGone() }
                }
                return
            }
            let socket = try await WebSocketClient.connect(to: self.url(server), options: options)
            let greeting = try await self.greeting(socket)
            let serial = try Certificates.parse(Certificates.client).serialNumber.map { Int($0) }.description
            #expect(greeting == .text(seen == "some" ? serial : "none"))
            try await socket.close()
        }
    }

    struct WebSocketClientGone: Error {}

    // MARK: Files

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func files() throws {
        try self.withFolder { folder in
            let (certificate, key) = ("\(folder)/cert.pem", "\(folder)/key.pem")
            #expect(throws: ServerTLSError.self) { try ServerTLS(certificateFile: certificate, keyFile: key) }
            try Certificates.localhost.write(toFile: certificate, atomically: true, encoding: .utf8)
            let noKey = #expect(throws: ServerTLSError.self) {
                try ServerTLS(certificateFile: certificate, keyFile: key)
            }
            #expect(noKey?.file == key)
            try "not a key".write(toFile: key, atomically: true, encoding: .utf8)
            let badKey = #expect(throws: ServerTLSError.self) {
                try ServerTLS(certificateFile: certificate, keyFile: key)
            }
            #expect(badKey?.description.hasPrefix("\(key): it cannot be read as PEM") == true)
            try Certificates.key.write(toFile: key, atomically: true, encoding: .utf8)
            let tls = try ServerTLS(certificateFile: certificate, keyFile: key)
            try "nothing".write(toFile: certificate, atomically: true, encoding: .utf8)
            #expect(throws: ServerTLSError.self) { try tls.reload() }
        }
    }

    /// A key that belongs to another certificate.
    @Test func strangeKey() throws {
        try self.withFolder { folder in
            let (certificate, key) = ("\(folder)/cert.pem", "\(folder)/key.pem")
            try Certificates.localhost.write(toFile: certificate, atomically: true, encoding: .utf8)
            try Certificates.strangeKey.write(toFile: key, atomically: true, encoding: .utf8)
            let error = #expect(throws: ServerTLSError.self) {
                try ServerTLS(certificateFile: certificate, keyFile: key)
            }
            #expect(error?.description == "\(key): the key does not belong to the certificate in \(certificate)")
        }
    }
}
