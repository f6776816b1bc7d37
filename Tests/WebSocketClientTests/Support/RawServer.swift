import NIOCore
import NIOPosix
import NIOSSL
import TestSupport
import Testing
import WebSocketCore

/// A server that does with each connection, one after the other, what a test says, byte by byte.
struct RawServer {
    let port: Int

    /// Runs a server for as long as the second closure does.
    ///
    /// - Parameters:
    ///   - tls: Encrypts the connections.
    ///   - serve: Serves a connection, which is closed behind it.
    ///   - body: Connects to the server.
    static func with<T: Sendable>(
        tls: NIOSSLContext? = nil, serve: @escaping @Sendable (RawConnection) async throws -> Void,
        _ body: (RawServer) async throws -> T
    ) async throws -> T {
        let accepted = Mailbox<RawConnection>()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    accepted.post(try RawConnection.adopt(channel))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { listener.close(promise: nil) }
            group.addTask {
                while let connection = await accepted.next() {
                    defer { connection.close() }
                    do {
                        try await serve(connection)
                    } catch  where Task.isCancelled {
                        // The test is done.
                    } catch {
                        Issue.record(error, "the server's side failed")
                    }
                }
            }
            let result = try await body(RawServer(port: listener.localAddress?.port ?? 0))
            group.cancelAll()
            return result
        }
    }

    /// An address on it.
    func url(_ path: String = "/", scheme: String = "ws") -> String { "\(scheme)://127.0.0.1:\(self.port)\(path)" }
}

extension RawConnection {
    /// Reads a handshake.
    ///
    /// - Returns: The lines of an answer that accepts it, by their names.
    func readHandshake() async throws -> [String: String] {
        RawConnection.acceptance(of: try await self.readHead())
    }

    /// The lines of an answer that accepts this request, by their names.
    static func acceptance(of request: String) -> [String: String] {
        let prefix = "sec-websocket-key: "
        let line = request.split(separator: "\r\n").first { $0.lowercased().hasPrefix(prefix) }
        return [
            "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Accept": HandshakeKey.accept(String(line?.dropFirst(prefix.count) ?? "")),
        ]
    }

    /// Reads a handshake, and accepts it.
    func acceptHandshake(followedBy bytes: [UInt8] = []) async throws {
        let answer = try await self.readHandshake()
        try await self.send(Array(RawConnection.switching(answer).utf8) + bytes)
    }

    /// The text of a 101 with these fields.
    static func switching(_ fields: [String: String]) -> String {
        let lines = fields.map { "\($0.key): \($0.value)" }
        return (["HTTP/1.1 101 Switching Protocols"] + lines + ["", ""]).joined(separator: "\r\n")
    }
}

/// Frames of less than 126 bytes, as a server sends them.
enum Frame {
    static func text(_ text: String) -> [UInt8] {
        [0x81, UInt8(text.utf8.count)] + Array(text.utf8)
    }

    static func close(_ code: UInt16) -> [UInt8] {
        [0x88, 2, UInt8(code >> 8), UInt8(code & 0xFF)]
    }
}
