import NIOCore
import Realtime
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// A client's WebSocket to the rooms, welcomed.
struct RoomSocket {
    let connection: WebSocketConnection
    private var messages: WebSocketConnection.Messages.Iterator

    /// Connects, and waits for `welcome`.
    ///
    /// - Throws: `DialError`, ``RoomFailure``; `CancellationError`.
    init(_ address: RoomAddress, _ options: DialOptions) async throws {
        var options = options
        options.protocols = [ClientRequest.subprotocol]
        self.connection = try await WebSocketClient.connect(to: address.socket, options: options)
        self.messages = self.connection.messages.makeAsyncIterator()
        let first = try await self.next()
        guard first.string("type") == "welcome" else {
            throw RoomFailure("the server does not speak \(ClientRequest.subprotocol)")
        }
    }

    /// Sends an object.
    func send(_ object: [UInt8]) async throws {
        try await self.connection.send(String(decoding: object, as: UTF8.self))
    }

    /// The next object.
    ///
    /// - Throws: ``RoomFailure`` when the connection is closed, or an `error` comes.
    mutating func next() async throws -> ReceivedObject {
        guard let message = try await self.messages.next() else {
            try Task.checkCancellation()
            throw RoomFailure.closed(await self.connection.closed)
        }
        guard case .text(let text) = message, let object = try? ReceivedObject(Array(text.utf8)) else {
            throw RoomFailure("the server does not speak \(ClientRequest.subprotocol)")
        }
        if object.string("type") == "error" { throw RoomFailure.refused(object) }
        return object
    }
}
