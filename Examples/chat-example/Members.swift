import Foundation
import NIOCore
import WebSocketServer

/// A member that speaks `chat.v1`: each message is a line. Its calls come from the connection's event loop, and there is no task
/// for it.
final class LineMember: WebSocketHandler {
    private let name: Name
    private let room: Room

    init(_ name: Name, in room: Room) {
        self.name = name
        self.room = room
    }

    func opened(_ connection: WebSocketConnection) {
        self.room.join(connection, self.name, .line)
    }

    func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
        guard kind == .text else {
            try? connection.startClosing(code: .unsupportedData, reason: "the chat is text")
            return
        }
        self.room.say(String(buffer: bytes), self.name)
    }

    func closed(_ connection: WebSocketConnection, _ closure: Closure) {
        self.room.leave(connection, self.name)
    }
}

extension Room {
    /// What a member that speaks `chat.v2` sends: `{"text": "hello"}`.
    private struct Saying: Decodable {
        var text: String
    }

    /// Serves a member that speaks `chat.v2`, in a task. When it returns, the connection is closed with 1000.
    static func serveJSON(_ socket: WebSocketConnection, _ name: Name, in room: Room) async throws {
        room.join(socket, name, .json)
        defer { room.leave(socket, name) }
        for try await message in socket.messages {
            guard case .text(let text) = message,
                let saying = try? JSONDecoder().decode(Saying.self, from: Data(text.utf8))
            else {
                try await socket.close(code: .unsupportedData, reason: #"a message is {"text": …}"#)
                return
            }
            room.say(saying.text, name)
        }
    }
}
