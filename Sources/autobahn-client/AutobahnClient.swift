import NIOCore
import WebSocketClient
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO

/// The client under test for Autobahn's fuzzing server: `autobahn-client BASE_URL [COMPRESSION [API]]`.
@main
struct AutobahnClient {
    /// Through which of the client's interfaces messages are sent back.
    enum Interface: String {
        case handler, websocket, stream
    }

    /// Sends back what it gets.
    struct Echo: WebSocketHandler {
        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            connection.trySend(bytes, as: kind)
        }
    }

    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let compressions: [String: DeflateConfiguration?] = [
            "off": DeflateConfiguration?.none, "no-takeover": .noContextTakeover, "takeover": .contextTakeover,
        ]
        guard (1...3).contains(arguments.count),
            let compression = compressions[arguments.count > 1 ? arguments[1] : "takeover"],
            let interface = Interface(rawValue: arguments.count > 2 ? arguments[2] : "handler")
        else {
            return print("usage: autobahn-client BASE_URL [off|no-takeover|takeover [handler|websocket|stream]]")
        }
        let base = arguments[0]
        // The suite's largest message is 16 MiB, and its largest number of fragments 2^18.
        let options = DialOptions(
            configuration: .init(
                limits: Limits(maxMessageSize: 64 << 20), maxSendBuffer: 128 << 20, compression: compression))
        let counter = try await WebSocketClient.connect(to: "\(base)/getCaseCount", options: options)
        var count = 0
        for try await message in counter.messages {
            if case .text(let text) = message { count = Int(text) ?? 0 }
        }
        for number in 1...max(count, 1) {
            try await self.echo("\(base)/runCase?case=\(number)&agent=duplex", options, interface)
        }
        let reports = try await WebSocketClient.connect(to: "\(base)/updateReports?agent=duplex", options: options)
        _ = await reports.closed
    }

    /// Sends back what comes, until the connection ends.
    private static func echo(_ url: String, _ options: DialOptions, _ interface: Interface) async throws {
        switch interface {
        case .handler:
            let socket = try await WebSocketClient.connect(to: url, options: options, events: { _ in Echo() })
            _ = await socket.closed
        case .websocket:
            let ws = try WebSocket(url, options: options)
            ws.binaryType = .arrayBuffer
            await withUnsafeContinuation { continuation in
                ws.onmessage = { event in
                    switch event.data {
                    case .string(let text): try? ws.send(text)
                    case .arrayBuffer(let bytes): try? ws.send(bytes)
                    case .blob(let blob): try? ws.send(blob)
                    }
                }
                ws.onclose = { _ in continuation.resume() }
            }
        case .stream:
            let stream = try await WebSocketStream.connect(url, options: options)
            do {
                for try await message in stream.messages { try await stream.send(message) }
            } catch is WebSocketError {
                // The case failed the connection, or closed it while an answer was under way.
            }
            _ = await stream.closed
        }
    }
}
