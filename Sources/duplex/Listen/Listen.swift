import ArgumentParser
import HTTPTypes
import Hummingbird
import NIOCore
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
            duplex listen 9000 -- sed -u 's,^,you said: ,'

            A command that holds its output back until its input ends, as many do on a pipe, answers too late.
            """)

    @Argument(help: "The port to listen on; 0 for a free one.")
    var port: Int

    @Argument(parsing: .postTerminator, help: "The command, behind --.")
    var command: [String] = []

    @Option(help: "The address to listen on; 0.0.0.0 or :: for all.")
    var host = "127.0.0.1"

    @Option(
        name: [.customLong("protocol"), .customLong("subprotocol")],
        help: "A subprotocol to speak; repeatable, best first.")
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
        let configuration = WebSocketConfiguration(
            limits: Limits(maxMessageSize: 64 << 20), maxSendBuffer: 128 << 20,
            compression: self.compression.configuration(standard: .noTakeover))
        for path in ["/", "/**"] as [RouterPath] {
            if command.isEmpty {
                router.webSocket(
                    path, protocols: self.protocols, origins: .any, configuration: configuration,
                    events: { socket in ListenEcho(log: ListenLog(socket, isVerbose)) })
            } else {
                router.webSocket(
                    path, protocols: self.protocols, origins: .any, configuration: configuration
                ) { socket, _ in
                    let log = ListenLog(socket, isVerbose)
                    log("opened \(socket.request.path ?? "/")")
                    await CommandSession(command, socket, log).run()
                    log(closed: await socket.closed)
                }
            }
        }
        // All are told to go at once: it is for one developer's clients.
        var server = Serving(addresses: [.hostname(self.host, port: self.port)])
        server.scheme = "ws"
        server.configuration = WebSocketServerConfiguration(http2: .off, drain: DrainPolicy(window: .zero))
        try await server.run(router)
    }
}

/// Sends back what it gets, and says so. It answers within the read that brought the message, so that also a client that
/// closes right behind it gets its answer.
private struct ListenEcho: WebSocketHandler {
    let log: ListenLog

    func opened(_ connection: WebSocketConnection) { self.log("opened \(connection.request.path ?? "/")") }

    func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
        self.log("message \(WebSocketMessage(bytes, as: kind).summary)")
        if connection.trySend(bytes, as: kind) == .full { connection.abort() }
    }

    func closed(_ connection: WebSocketConnection, _ closure: Closure) {
        self.log(closed: closure)
    }
}

/// Tells on standard error what happens on one connection.
struct ListenLog {
    /// How many characters of a message are shown: a line of a terminal.
    static let maxText = 80

    let name: String
    let isVerbose: Bool

    init(_ socket: WebSocketConnection, _ isVerbose: Bool) {
        self.name = socket.peerAddress.map { "\($0.ipAddress ?? "")" + ":" + "\($0.port ?? 0)" } ?? "-"
        self.isVerbose = isVerbose
    }

    func callAsFunction(closed closure: Closure) {
        self("closed \(closure.code)\(closure.reason.isEmpty ? "" : " \(closure.reason)")")
    }

    func callAsFunction(_ text: @autoclosure () -> String) {
        if self.isVerbose { StandardStreams.err("\(self.name) \(ConnectOutput.shown(text()))") }
    }
}

extension WebSocketMessage {
    /// The message in a few words.
    var summary: String {
        switch self {
        case .text(let text): "text, \(text.utf8.count) bytes: \(text.prefix(ListenLog.maxText))"
        case .binary(let bytes): "binary, \(bytes.readableBytes) bytes"
        }
    }
}
