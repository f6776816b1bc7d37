import NIOCore
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// The client under test for Autobahn's fuzzing server: `autobahn-client BASE_URL`.
@main
struct AutobahnClient {
    /// Sends back what it gets.
    struct Echo: WebSocketHandler {
        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            connection.trySend(bytes, as: kind)
        }
    }

    static func main() async throws {
        guard CommandLine.arguments.count == 2 else {
            print("usage: autobahn-client BASE_URL")
            return
        }
        let base = CommandLine.arguments[1]
        // The suite's largest message is 16 MiB, and its largest number of fragments 2^18.
        let options = DialOptions(
            configuration: .init(limits: Limits(maxMessageSize: 64 << 20), maxSendBuffer: 128 << 20))
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
