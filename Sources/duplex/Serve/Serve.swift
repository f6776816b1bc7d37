import ArgumentParser
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals
import WebSocketServer

/// `duplex serve`: the pages, and what they need.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the chat page at /, its WebSocket at /chat, and an echo at /echo.",
        discussion: """
            /chat takes pages of this server only; /echo takes any, text and binary up to 64 MiB.
            SIGINT and SIGTERM close every connection with 1001, and end the command with 0 within 5 seconds.
            """)

    /// How long a shutdown may take before what is left is cut: 4 seconds, a second less than is promised.
    static let shutdownTime: Duration = .seconds(4)

    @Option(help: "The address to listen on; 0.0.0.0 or :: for all.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 for a free one.")
    var port = 3000

    @Option(help: "How many event loops (default: one for each core that may be used).")
    var threads: Int?

    @OptionGroup(title: "Compression (default mode: no-takeover)")
    var compression: CompressionOptions

    func validate() throws {
        guard (0...65535).contains(self.port) else { throw ValidationError("--port must be between 0 and 65535") }
        if let threads {
            guard (1...1024).contains(threads) else { throw ValidationError("--threads must be between 1 and 1024") }
        }
    }

    func run() async throws {
        try await duplex.serve(
            routes(compression: self.compression.configuration(standard: .noTakeover)), scheme: "http", host: self.host,
            port: self.port, threads: self.threads)
    }
}
