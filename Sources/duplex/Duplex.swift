import ArgumentParser

/// The command `duplex`.
@main
struct Duplex: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "duplex",
        abstract: "WebSocket servers and clients for the command line.",
        version: "0.1.0",
        subcommands: [Serve.self, Connect.self, Listen.self, Subscribe.self, Publish.self]
    )
}
