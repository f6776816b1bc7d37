import NIOSSL
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

@testable import WebSocketClient

/// wss: whom the client believes.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketClientTLSTests {
    /// Connects to a server with this certificate, and gets a message.
    private func greeting(
        certificate: String, host: String, _ tls: TLSConfiguration = .makeClientConfiguration(),
        serverName: String? = nil, pins: [String] = [], client: String? = nil
    ) async throws -> WebSocketMessage? {
        try await RawServer.with(tls: try Certificates.serverContext(certificate, client: client)) { connection in
            do {
                try await connection.acceptHandshake(followedBy: Frame.text("hello"))
                _ = try await connection.readToEnd()
            } catch is RawConnection.Ended {
                // The client does not believe this server.
            }
        } _: { server in
            let socket = try await WebSocketClient.connect(
                to: "wss://\(host):\(server.port)/",
                options: DialOptions(
                    tls: tls, serverName: serverName, pinnedCertificates: try pins.map(Certificates.parse)))
            var messages = socket.messages.makeAsyncIterator()
            let message = try await messages.next()
            socket.abort()
            return message
        }
    }

    private func trusting(_ certificate: String) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates([try Certificates.parse(certificate)])
        return tls
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func strangerIsRefused(host: String) async throws {
        let error = await #expect(throws: DialError.self) {
            try await self.greeting(certificate: Certificates.localhost, host: host)
        }
        #expect(error.map { "\($0)" }?.hasPrefix("TLS failed: ") == true)
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func trustedRoot(host: String) async throws {
        let tls = try self.trusting(Certificates.localhost)
        #expect(try await self.greeting(certificate: Certificates.localhost, host: host, tls) == .text("hello"))
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func otherNameIsRefused(host: String) async throws {
        let tls = try self.trusting(Certificates.otherName)
        let error = await #expect(throws: DialError.self) {
            try await self.greeting(certificate: Certificates.otherName, host: host, tls)
        }
        #expect(error?.nameMismatch == .init(name: host, certificateNames: ["other.example"]))
        #expect(
            error.map { "\($0)" } == "TLS failed: the certificate is not for \(host), but for other.example")
    }

    /// The name asked for is the one given, by SNI and in the certificate.
    @Test func serverName() async throws {
        let tls = try self.trusting(Certificates.otherName)
        let message = try await self.greeting(
            certificate: Certificates.otherName, host: "127.0.0.1", tls, serverName: "other.example")
        #expect(message == .text("hello"))
    }

    @Test(arguments: ["other.example", "127.0.0.2", "::1"])
    func serverNameThatDoesNotMatch(name: String) async throws {
        let tls = try self.trusting(Certificates.localhost)
        let error = await #expect(throws: DialError.self) {
            try await self.greeting(certificate: Certificates.localhost, host: "localhost", tls, serverName: name)
        }
        #expect(error?.nameMismatch == .init(name: name, certificateNames: ["localhost", "127.0.0.1"]))
    }

    @Test func badServerName() async throws {
        let error = await #expect(throws: DialError.self) {
            try await self.greeting(certificate: Certificates.localhost, host: "localhost", serverName: "")
        }
        #expect(error.map { "\($0)" }?.hasPrefix("TLS failed: ") == true)
    }

    // MARK: Pins

    @Test(arguments: [true, false])
    func pinned(verified: Bool) async throws {
        var tls = try self.trusting(Certificates.localhost)
        if !verified { tls = .makeClientConfiguration() }
        tls.certificateVerification = verified ? .fullVerification : .none
        let message = try await self.greeting(
            certificate: Certificates.localhost, host: "localhost", tls,
            pins: [Certificates.otherName, Certificates.localhost])
        #expect(message == .text("hello"))
    }

    @Test(arguments: [true, false])
    func notPinned(verified: Bool) async throws {
        var tls = try self.trusting(Certificates.localhost)
        tls.certificateVerification = verified ? .fullVerification : .none
        let error = await #expect(throws: DialError.self) {
            try await self.greeting(
                certificate: Certificates.localhost, host: "localhost", tls, pins: [Certificates.otherName])
        }
        #expect(
            error.map { "\($0)" } == "TLS failed: the server's certificate is none of those that are pinned")
    }

    /// A pin does not stand for the authority.
    @Test func pinnedStranger() async throws {
        let error = await #expect(throws: DialError.self) {
            try await self.greeting(
                certificate: Certificates.localhost, host: "localhost", pins: [Certificates.localhost])
        }
        #expect(error.map { "\($0)" }?.hasPrefix("TLS failed: ") == true)
    }

    // MARK: Client certificates

    @Test func clientCertificate() async throws {
        var tls = try self.trusting(Certificates.localhost)
        tls.certificateChain = [.certificate(try Certificates.parse(Certificates.client))]
        tls.privateKey = .privateKey(try Certificates.privateKey())
        let message = try await self.greeting(
            certificate: Certificates.localhost, host: "localhost", tls, client: Certificates.client)
        #expect(message == .text("hello"))
    }

    @Test func noClientCertificate() async throws {
        let tls = try self.trusting(Certificates.localhost)
        let error = await #expect(throws: DialError.self) {
            try await self.greeting(
                certificate: Certificates.localhost, host: "localhost", tls, client: Certificates.client)
        }
        #expect(error.map { "\($0)" }?.hasPrefix("TLS failed: ") == true, "\(error.map { "\($0)" } ?? "-")")
    }

    /// A server that never answers TLS.
    @Test func silentServer() async throws {
        try await RawServer.with { connection in
            _ = try await connection.readToEnd()
        } _: { server in
            let error = await #expect(throws: DialError.self) {
                try await WebSocketClient.connect(
                    to: server.url(scheme: "wss"), options: DialOptions(handshakeTimeout: .milliseconds(50)))
            }
            #expect(error.map { "\($0)" } == "TLS took too long")
        }
    }

    @Test(arguments: [Certificates.localhost, Certificates.otherName])
    func withoutVerification(certificate: String) async throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        #expect(try await self.greeting(certificate: certificate, host: "localhost", tls) == .text("hello"))
    }

    @Test func withoutTheName() async throws {
        var tls = try self.trusting(Certificates.otherName)
        tls.certificateVerification = .noHostnameVerification
        #expect(try await self.greeting(certificate: Certificates.otherName, host: "localhost", tls) == .text("hello"))
    }

    /// wss to a server that speaks no TLS.
    @Test func plainServer() async throws {
        try await RawServer.with { connection in
            _ = try await connection.read(1)
            try await connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            _ = try await connection.readToEnd()
        } _: { server in
            let error = await #expect(throws: DialError.self) {
                try await WebSocketClient.connect(to: server.url(scheme: "wss"))
            }
            #expect(error.map { "\($0)" }?.hasPrefix("TLS failed: ") == true)
        }
    }
}
