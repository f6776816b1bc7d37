import Foundation
import Synchronization
import WebSocketServer

/// The open WebSockets.
final class Readers: Sendable {
    private let sockets = Mutex<[ObjectIdentifier: WebSocketConnection]>([:])

    func add(_ socket: WebSocketConnection) {
        self.sockets.withLock { $0[ObjectIdentifier(socket)] = socket }
    }

    func remove(_ socket: WebSocketConnection) {
        self.sockets.withLock { $0[ObjectIdentifier(socket)] = nil }
    }

    /// Sends a note to all, without waiting for anybody.
    func tell(_ note: Note) {
        guard let json = try? JSONEncoder().encode(note) else { return }
        self.sockets.withLock {
            WebSocketConnection.broadcast(String(decoding: json, as: UTF8.self), to: $0.values)
        }
    }
}

/// One WebSocket, from its opening to its end. What it sends is not looked at.
struct Reader: WebSocketHandler {
    private let readers: Readers

    init(_ readers: Readers) {
        self.readers = readers
    }

    func opened(_ socket: WebSocketConnection) {
        self.readers.add(socket)
    }

    func closed(_ socket: WebSocketConnection, _ closure: Closure) {
        self.readers.remove(socket)
    }
}
