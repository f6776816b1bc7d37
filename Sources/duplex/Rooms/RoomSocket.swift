import NIOCore
import Realtime
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// A client's WebSocket to the rooms, welcomed.
struct RoomSocket {
    let connection: WebSocketConnection
    private var messages: WebSocketConnection.Messages.Iterator

    /// How long `welcome` may take once the server has agreed to the protocol: 10 seconds. Nothing has to be done for it.
    static let welcomeTime = Duration.seconds(10)
    /// The server agreed to the protocol, and did not say so much as `welcome`.
    static let noWelcome = RoomFailure("no welcome came from the server", isPassing: true)

    /// Connects, and waits for `welcome`.
    ///
    /// - Parameter welcomeTime: How long that may take behind the handshake.
    /// - Throws: `DialError`, ``RoomFailure``, and ``noWelcome`` among them; `CancellationError`. Then the connection is cut.
    init(_ address: RoomAddress, _ options: DialOptions, welcomeTime: Duration = RoomSocket.welcomeTime) async throws {
        var options = options
        options.protocols = [ClientRequest.subprotocol]
        let connection = try await WebSocketClient.connect(to: address.socket, options: options)
        self.connection = connection
        self.messages = connection.messages.makeAsyncIterator()
        // Answers to pings do not help: who says nothing else must not be waited for.
        let timeout = connection.eventLoop.scheduleTask(in: welcomeTime.timeAmount) { connection.abort() }
        do {
            let first = try await self.next()
            guard first.string("type") == "welcome" else {
                throw RoomFailure("the server does not speak \(ClientRequest.subprotocol)")
            }
            timeout.cancel()
        } catch {
            timeout.cancel()
            connection.abort()
            try Task.checkCancellation()
            // It has a value when it has run.
            guard (try? await timeout.futureResult.get()) == nil else { throw RoomSocket.noWelcome }
            throw error
        }
    }

    /// Sends an object.
    ///
    /// - Throws: ``RoomFailure`` when the connection is closed.
    func send(_ object: [UInt8]) async throws {
        do {
            try await self.connection.send(String(decoding: object, as: UTF8.self))
        } catch let error as WebSocketError where error.isClosed {
            // While it is closing, the error does not know yet how it ends.
            throw RoomFailure.closed(await self.connection.closed)
        }
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
