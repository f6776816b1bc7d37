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
        certificate: String, host: String, _ tls: TLSConfiguration = .makeClientConfiguration()
    ) async throws -> WebSocketMessage? {
        try await RawServer.with(tls: try Certificates.serverContext(certificate)) { connection in
            do {
                try await connection.acceptHandshake(followedBy: Frame.text("hello"))
                _ = try await connection.readToEnd()
            } catch is RawConnection.Ended {
                // The client does not believe this server.
            }
        } _: { server in
            let socket = try await WebSocketClient.connect(
                to: "wss://\(host):\(server.port)/", options: DialOptions(tls: tls))
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
        #expect(error.map { "\($0)" }?.hasPrefix("TLS failed: ") == true)
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
