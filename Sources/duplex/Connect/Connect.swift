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
            The end of input closes with 1000, and so does SIGINT. Exit status: 0 after a closing handshake, 1 when the
            handshake was refused or the connection was lost.

            On a terminal, or with --commands, a line that begins with a slash is a command: /ping, /close [CODE [REASON]],
            /binary FILE, /help; two slashes stand for one at the beginning of a message.
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

    @Option(
        help: ArgumentHelp(
            "Ping when nothing came for so long, and give the connection up when nothing comes for as long again.",
            valueName: "seconds"))
    var ping: Int?

    @Flag(help: "Connect again when the connection was lost, or could not be made.")
    var reconnect = false

    @Flag(help: "Print every event as a JSON object in one line, with its time.")
    var json = false

    @Option(
        name: .customLong("binary"),
        help: ArgumentHelp("Send a file as a binary message at the beginning; repeatable.", valueName: "file"))
    var files: [String] = []

    @Option(
        help: ArgumentHelp("Write binary messages into this folder: 000001.bin, 000002.bin, …", valueName: "folder"))
    var save: String?

    @Flag(help: "Take slash commands also where standard input is no terminal.")
    var commands = false

    @OptionGroup(title: "The way to the server")
    var reaching: ReachingOptions

    @OptionGroup(title: "Compression (default mode: takeover)")
    var compression: CompressionOptions

    func validate() throws {
        if let ping { guard ping > 0 else { throw ValidationError("--ping must be at least 1") } }
    }

    func run() async throws {
        var options = DialOptions(
            protocols: self.protocols, fields: try self.fields(),
            configuration: .init(
                compression: self.compression.configuration(standard: .takeover),
                keepalive: self.ping.map { .init(interval: .seconds($0), timeout: .seconds($0)) }))
        do {
            try self.reaching.apply(to: &options)
        } catch let error as DialError {
            StandardStreams.err("duplex: \(error)")
            throw ExitCode(1)
        }
        let isTerminal = StandardStreams.isTerminal
        let output: ConnectOutput =
            self.json
            ? .json(try self.save.map { try BinaryFolder($0) })
            : .text(try self.save.map { try BinaryFolder($0) }, isTerminal: isTerminal)
        let conversation = Conversation(
            url: self.url, options: options, output: output, files: self.files,
            takesCommands: self.commands || isTerminal, reconnects: self.reconnect)
        guard await conversation.run() else { throw ExitCode(1) }
    }

    func fields() throws -> HTTPFields { try HTTPFields(headers: self.headers) }
}
