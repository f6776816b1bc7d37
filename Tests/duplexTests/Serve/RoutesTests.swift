import HTTPTypes
import NIOCore
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

@testable import duplex

@Suite(.timeLimit(.minutes(1))) struct RoutesTests {
    @Test func echoSendsBackWhatItGets() async throws {
        try await withServer { port in
            let socket = try await WebSocketClient.connect(to: "ws://127.0.0.1:\(port)/echo")
            var messages = socket.messages.makeAsyncIterator()
            for message in [WebSocketMessage.text("hi"), .text(""), .binary(ByteBuffer(bytes: [0, 255]))] {
                try await socket.send(message)
                let answer = try await messages.next()
                #expect(answer == message)
            }
            try await socket.close()
        }
    }

    @Test func theChatTakesPagesOfItsOwnOnly() async throws {
        try await withServer { port in
            let foreign = DialOptions(fields: [.origin: "http://example.com"])
            let error = await #expect(throws: DialError.self) {
                _ = try await WebSocketClient.connect(to: "ws://127.0.0.1:\(port)/chat", options: foreign)
            }
            #expect(error?.refusal?.response.status == .forbidden)
            let own = DialOptions(fields: [.origin: "http://127.0.0.1:\(port)"])
            try await WebSocketClient.connect(to: "ws://127.0.0.1:\(port)/chat", options: own).close()
            try await WebSocketClient.connect(to: "ws://127.0.0.1:\(port)/echo", options: foreign).close()
        }
    }

    @Test func aMessageForTheChatIsBounded() async throws {
        try await withServer { port in
            let socket = try await WebSocketClient.connect(to: "ws://127.0.0.1:\(port)/chat")
            try await socket.send(String(repeating: "x", count: 65 << 10))
            let closure = await socket.closed
            #expect(closure.code == .messageTooBig)
        }
    }
}
