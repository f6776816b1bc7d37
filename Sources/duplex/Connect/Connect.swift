import ArgumentParser
import HTTPTypes
import NIOCore
import NIOPosix
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// `duplex connect`: a WebSocket on the command line.
struct Connect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Connect to a WebSocket: each line of standard input is a text message, what arrives is printed.",
        discussion: """
            The end of input closes with 1000. Exit status: 0 after a closing handshake, 1 when the handshake was refused
            or the connection was lost.
            """)

    @Argument(help: "The address: ws://HOST[:PORT]/PATH or wss://…")
    var url: String

    @Option(
        name: [.customLong("protocol"), .customLong("subprotocol")],
        help: "A subprotocol to ask for; repeatable, best first.")
    var protocols: [String] = []

    @Option(
        name: [.customLong("header"), .customShort("H")], help: "A header field to send, 'Name: value'; repeatable.")
    var headers: [String] = []

    @OptionGroup(title: "The way to the server")
    var reaching: ReachingOptions

    @OptionGroup(title: "Compression (default mode: takeover)")
    var compression: CompressionOptions

    func run() async throws {
        var options = DialOptions(
            protocols: self.protocols, fields: try self.fields(),
            configuration: .init(compression: self.compression.configuration(standard: .takeover)))
        let socket: WebSocketConnection
        do {
            try self.reaching.apply(to: &options)
            socket = try await WebSocketClient.connect(to: self.url, options: options)
        } catch let error as DialError {
            StandardStreams.err("duplex: \(error)")
            throw ExitCode(1)
        }
        let subprotocol = socket.subprotocol.map { " (\($0))" } ?? ""
        let extensions = socket.extensions.isEmpty ? "" : " " + WebSocketExtension.serialize(socket.extensions)
        StandardStreams.err("connected\(subprotocol)\(extensions)")
        try await self.converse(socket)
    }

    func fields() throws -> HTTPFields {
        var fields = HTTPFields()
        for header in self.headers {
            let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else {
                throw ValidationError("'\(header)' is not 'Name: value'")
            }
            fields.append(HTTPField(name: name, value: parts[1].trimmingPrefix { $0.isWhitespace }.description))
        }
        return fields
    }

    private func converse(_ socket: WebSocketConnection) async throws {
        // Reading standard input blocks its thread, and cannot be interrupted: a thread of its own, which the process does
        // not wait for.
        let input = StandardInput()
        let closure = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    for try await message in socket.messages {
                        let line =
                            switch message {
                            case .text(let text): text
                            case .binary(let bytes): "(\(bytes.readableBytes) bytes of binary)"
                            }
                        // Nobody reads any more, as with `| head`: the conversation is over.
                        if !StandardStreams.out(line) { break }
                    }
                } catch {
                    // How the connection ended is told below.
                }
                input.stop()
            }
            while let line = await input.next() {
                do { try await socket.send(line) } catch { break }
            }
            try? socket.startClosing()
            return await socket.closed
        }
        guard closure.wasClean else {
            StandardStreams.err("duplex: \(WebSocketError(.closed(closure)))")
            throw ExitCode(1)
        }
        let reason = closure.reason.isEmpty ? "" : " \(closure.reason)"
        if closure.code != .normalClosure { StandardStreams.err("closed: \(closure.code)\(reason)") }
    }
}
