import ArgumentParser
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import WebSocketCore
import WebSocketNIO
import WebSocketServer

/// `duplex listen`: a server for trying a client out.
struct Listen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer every WebSocket with an echo, or with a command's output: for trying a client out.",
        discussion: """
            With a command, each connection runs it: a text message is a line of its standard input, a binary message goes
            there as it is, and each line of its standard output is a text message. The connection is closed with 1000 when the
            command ends with 0, else with 1011; the command is stopped when the connection ends.

            duplex listen 9000
            duplex listen 9000 -- tr a-z A-Z
            """)

    /// The longest line of a command's output: 1 MiB. A longer one ends the connection with 1011.
    static let maxLine = 1 << 20

    @Argument(help: "The port to listen on; 0 for a free one.")
    var port: Int

    @Argument(parsing: .postTerminator, help: "The command, behind --.")
    var command: [String] = []

    @Option(help: "The address to listen on; 0.0.0.0 or :: for all.")
    var host = "127.0.0.1"

    @Option(
        name: [.customLong("protocol"), .customLong("subprotocol")], help: "A subprotocol to speak; repeatable, best first.")
    var protocols: [String] = []

    @Flag(help: "Print what happens, with each message, on standard error.")
    var verbose = false

    @OptionGroup(title: "Compression (default mode: no-takeover)")
    var compression: CompressionOptions

    func validate() throws {
        guard (0...65535).contains(self.port) else { throw ValidationError("the port must be between 0 and 65535") }
        guard self.protocols.allSatisfy(HTTPGrammar.isToken) else {
            throw ValidationError("a subprotocol is a token, such as chat.v1")
        }
    }

    func run() async throws {
        let router = Router(context: BasicRequestContext.self)
        let (command, isVerbose) = (self.command, self.verbose)
        router.webSocket(
            "/**", protocols: self.protocols, origins: .any,
            configuration: .init(
                limits: Limits(maxMessageSize: 64 << 20),
                compression: self.compression.configuration(standard: .noTakeover))
        ) { socket, request in
            let log = ListenLog(socket, isVerbose)
            log("opened \(request.path ?? "/")")
            if command.isEmpty {
                for try await message in socket.messages {
                    log("message \(message.summary)")
                    try await socket.send(message)
                }
            } else {
                try await CommandSession(command, socket).run()
            }
            log("ended")
        }
        try await serve(
            router, host: self.host, port: self.port,
            loops: MultiThreadedEventLoopGroup(numberOfThreads: Cores.usable), scheme: "ws")
    }
}

/// Tells on standard error what happens on one connection.
private struct ListenLog {
    let name: String
    let isVerbose: Bool

    init(_ socket: WebSocketConnection, _ isVerbose: Bool) {
        self.name = socket.peerAddress.map { "\($0.ipAddress ?? "")" + ":" + "\($0.port ?? 0)" } ?? "-"
        self.isVerbose = isVerbose
    }

    func callAsFunction(_ text: String) {
        if self.isVerbose { StandardStreams.err("\(self.name) \(text)") }
    }
}

extension WebSocketMessage {
    /// The message in a few words.
    var summary: String {
        switch self {
        case .text(let text): "text, \(text.utf8.count) bytes: \(text.prefix(80))"
        case .binary(let bytes): "binary, \(bytes.readableBytes) bytes"
        }
    }
}
