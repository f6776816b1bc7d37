import NIOCore
import WebSocketClient
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO

/// The client under test for Autobahn's fuzzing server: `autobahn-client BASE_URL [off|no-takeover|takeover]`.
@main
struct AutobahnClient {
    /// Sends back what it gets.
    struct Echo: WebSocketHandler {
        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            connection.trySend(bytes, as: kind)
        }
    }

    static func main() async throws {
        let compression: DeflateConfiguration?
        switch CommandLine.arguments.dropFirst(2).first ?? "takeover" {
        case "off": compression = nil
        case "no-takeover": compression = .noContextTakeover
        case "takeover": compression = .contextTakeover
        default: return print("usage: autobahn-client BASE_URL [off|no-takeover|takeover]")
        }
        guard (2...3).contains(CommandLine.arguments.count) else {
            return print("usage: autobahn-client BASE_URL [off|no-takeover|takeover]")
        }
        let base = CommandLine.arguments[1]
        // The suite's largest message is 16 MiB, and its largest number of fragments 2^18.
        let options = DialOptions(
            configuration: .init(
                limits: Limits(maxMessageSize: 64 << 20), maxSendBuffer: 128 << 20,
                compression: compression))
        let counter = try await WebSocketClient.connect(to: "\(base)/getCaseCount", options: options)
        var count = 0
        for try await message in counter.messages {
            if case .text(let text) = message { count = Int(text) ?? 0 }
        }
        for number in 1...max(count, 1) {
            let url = "\(base)/runCase?case=\(number)&agent=duplex"
            let socket = try await WebSocketClient.connect(to: url, options: options, events: { _ in Echo() })
            _ = await socket.closed
        }
        let reports = try await WebSocketClient.connect(to: "\(base)/updateReports?agent=duplex", options: options)
        _ = await reports.closed
    }
}
