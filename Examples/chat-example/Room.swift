import Foundation
import Synchronization
import WebSocketServer

/// Who is here. Everybody is told everything in the same order, since all is told under one lock.
final class Room: Sendable {
    /// How a member is told.
    enum Format: Sendable {
        case line
        case json
    }

    private let members = Mutex<[ObjectIdentifier: (connection: WebSocketConnection, format: Format)]>([:])

    /// Somebody is here, and is told so, too.
    func join(_ connection: WebSocketConnection, _ name: Name, _ format: Format) {
        self.members.withLock { members in
            members[ObjectIdentifier(connection)] = (connection, format)
            Room.tell(Event(type: .joined, name: name.text), members.values)
        }
    }

    /// Somebody says something, to all.
    func say(_ text: String, _ name: Name) {
        self.members.withLock { Room.tell(Event(type: .said, name: name.text, text: text), $0.values) }
    }

    /// Somebody is gone.
    func leave(_ connection: WebSocketConnection, _ name: Name) {
        self.members.withLock { members in
            members[ObjectIdentifier(connection)] = nil
            Room.tell(Event(type: .left, name: name.text), members.values)
        }
    }

    /// Lays the event out once for each format, whatever the number of members. Nobody is waited for: what becomes of those
    /// that are slow says `slowConsumers`.
    private static func tell(
        _ event: Event, _ members: some Sequence<(connection: WebSocketConnection, format: Format)>
    ) {
        WebSocketConnection.broadcast(
            event.line, to: members.lazy.filter { $0.format == .line }.map(\.connection))
        WebSocketConnection.broadcast(
            event.json, to: members.lazy.filter { $0.format == .json }.map(\.connection))
    }
}

/// What happens in the room.
struct Event: Encodable, Sendable {
    enum Kind: String, Encodable, Sendable { case joined, said, left }

    var type: Kind
    var name: String
    var text: String?

    /// As `chat.v1` is told.
    var line: String {
        switch self.type {
        case .joined: "* \(self.name) is here"
        case .said: "\(self.name): \(self.text ?? "")"
        case .left: "* \(self.name) is gone"
        }
    }

    /// As `chat.v2` is told: `{"type": "said", "name": "ada", "text": "hello"}`.
    var json: String {
        // Encoding strings cannot fail.
        (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
