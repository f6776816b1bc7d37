import NIOCore
import Testing
import WebSocketClient
import WebSocketNIO

@testable import duplex

@Suite(.timeLimit(.minutes(1))) struct EchoTests {
    /// A peer that sends and does not read is slowed down, not cut, and gets everything in the end.
    @Test func aSlowPeerGetsEverything() async throws {
        try await withServer { port in
            let socket = try await WebSocketClient.connect(
                to: "ws://127.0.0.1:\(port)/echo", options: .init(configuration: .init(receiveBuffer: 1000)))
            let message = ByteBuffer(repeating: 7, count: 100_000)
            let sending = Task { for _ in 0..<200 { try await socket.send(message) } }
            var received = 0
            for try await answer in socket.messages {
                #expect(answer == .binary(message))
                received += 1
                if received == 200 { break }
            }
            try await sending.value
            try await socket.close()
        }
    }
}
