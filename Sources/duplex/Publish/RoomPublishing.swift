import HTTPTypes
import NIOCore
import Realtime
import RealtimeCore
import WebSocketClient

/// A message that is to be published. The id makes it safe to try again.
struct RoomDraft: Hashable, Sendable {
    var data: JSONText
    var key: MessageKey?
    var id: MessageID

    /// The members that all ways have.
    private func write(to writer: inout JSONWriter) {
        writer.raw(#""data":"#)
        writer.json(self.data)
        if let key {
            writer.raw(#","key":"#)
            writer.string(key.text)
        }
    }

    /// The body of a POST; the id is a header field there.
    var body: [UInt8] {
        var writer = JSONWriter(capacity: self.data.bytes.count + 32)
        writer.raw("{")
        self.write(to: &writer)
        writer.raw("}")
        return writer.bytes
    }

    /// The request over WebSocket.
    func request(_ id: UInt64, in room: RoomName) -> [UInt8] {
        var writer = JSONWriter(capacity: self.data.bytes.count + 160)
        writer.raw(#"{"type":"publish","id":"#)
        writer.number(id)
        writer.raw(#","room":"#)
        writer.string(room.text)
        writer.raw(#","messageId":"#)
        writer.string(self.id.text)
        writer.raw(",")
        self.write(to: &writer)
        writer.raw("}")
        return writer.bytes
    }
}

/// Publishes to a room, one message after the other.
struct RoomPublishing {
    /// How long an answer may take: 20 seconds.
    static let answerTime = Duration.seconds(20)

    let address: RoomAddress
    let options: DialOptions
    let isHTTP: Bool
    private var socket: RoomSocket?
    private var lastID: UInt64 = 0

    init(address: RoomAddress, options: DialOptions, isHTTP: Bool) {
        self.address = address
        self.options = options
        self.isHTTP = isHTTP
    }

    /// Publishes a message, and waits for where it is stored.
    ///
    /// - Throws: Why that is not known; what lost its connection may be stored or not. `CancellationError`.
    mutating func publish(_ draft: RoomDraft) async throws -> Position {
        if self.isHTTP { return try await self.post(draft) }
        do {
            return try await self.send(draft)
        } catch {
            // The next attempt is made on another one.
            try? self.socket?.connection.startClosing()
            self.socket = nil
            throw error
        }
    }

    /// Closes the connection, if there is one.
    func close() async {
        _ = try? await self.socket?.connection.close()
    }

    private func post(_ draft: RoomDraft) async throws -> Position {
        let request = HTTPExchange(
            .post, self.address.resource("messages"),
            fields: [.contentType: HTTPAnswer.contentType, .idempotencyKey: draft.id.text],
            content: ByteBuffer(bytes: draft.body), maxSilence: RoomPublishing.answerTime)
        return try await request.perform(self.options) { response, content in
            let bytes = Array(buffer: try await content.collect(upTo: RoomReading.maxError))
            guard response.status.kind == .successful else { throw RoomFailure.refused(response, bytes) }
            guard let position = (try? ReceivedObject(bytes))?.position else { throw RoomReading.noProtocol }
            return position
        }
    }

    private mutating func send(_ draft: RoomDraft) async throws -> Position {
        var socket: RoomSocket
        // One that was closed while there was nothing to publish is no attempt.
        if let found = self.socket, found.connection.closure == nil {
            socket = found
        } else {
            socket = try await RoomSocket(self.address, self.options)
        }
        self.socket = socket
        self.lastID += 1
        let (id, connection) = (self.lastID, socket.connection)
        // A server that reads, and never answers, must not be waited for.
        let timeout = connection.eventLoop.scheduleTask(in: .seconds(RoomPublishing.answerTime.components.seconds)) {
            connection.abort()
        }
        defer { timeout.cancel() }
        return try await withTaskCancellationHandler {
            try await socket.send(draft.request(id, in: self.address.room))
            while true {
                let object = try await socket.next()
                guard object.number("id") == id else { continue }
                guard let position = object.position else { throw RoomReading.noProtocol }
                self.socket = socket
                return position
            }
        } onCancel: {
            connection.abort()
        }
    }
}

extension HTTPField.Name {
    /// `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
    fileprivate static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
}
