import HTTPTypes
import NIOCore
import Realtime
import RealtimeCore
import WebSocketClient
import WebSocketNIO

/// What a room's reader hears, whichever way it reads.
enum RoomEvent: Hashable, Sendable {
    /// From where it continues, and whether that is where it was to begin.
    case joined(Position, recovered: Bool)
    /// A message, as the WebSocket has it: with its type and its room.
    case message(Position, ReceivedObject)
    /// Something is missing.
    case gap(Position)
    /// All before this place has come.
    case reached(Position)
}

/// Reads a room until the connection ends, or nobody wants to hear more.
struct RoomReading: Sendable {
    /// The longest line of a stream in bytes: 16 MiB, as the largest message of a WebSocket.
    static let maxLine = 16 << 20
    /// The largest answer to polling in bytes: 64 MiB, room for 1 MiB of messages and one that is larger.
    static let maxAnswer = 64 << 20
    /// How much of an error's content is looked at: 64 KiB.
    static let maxError = 64 << 10
    /// The most messages of one answer to polling: 500.
    static let pageLimit = 500
    /// How long a long poll waits, in seconds: 25, by docs/protocol.md.
    static let wait = 25
    /// How long an answer that does not wait may take: 20 seconds.
    static let answerTime = Duration.seconds(20)

    /// Where to begin; a position counts more.
    struct Start: Sendable {
        var position: Position?
        var history: Int
    }

    let address: RoomAddress
    let options: DialOptions
    let transport: SubscribeTransport
    /// How long to wait between two polls.
    let interval: Duration
    /// How long the answer to `join` may take.
    var joinTime = RoomReading.answerTime

    /// Reads.
    ///
    /// - Parameters:
    ///   - start: From where.
    ///   - hear: Is told of each event, in order; false to hear no more.
    /// - Throws: Why it ended, unless `hear` wanted it; `CancellationError`.
    func run(from start: Start, _ hear: (RoomEvent) -> Bool) async throws {
        switch self.transport {
        case .websocket: try await self.listen(start, hear)
        case .streaming: try await self.stream(start, hear)
        case .longpolling: try await self.poll(start, waits: true, hear)
        case .polling: try await self.poll(start, waits: false, hear)
        }
    }

    /// The epoch that the room has now.
    func presentEpoch() async throws -> Epoch {
        let page = try await self.page([("limit", "0")], tag: nil, silence: RoomReading.answerTime)
        guard let position = page?.object.position else { throw RoomReading.noProtocol }
        return position.epoch
    }

    static let noProtocol = RoomFailure("the server does not speak the rooms' protocol")

    // MARK: WebSocket

    private func listen(_ start: Start, _ hear: (RoomEvent) -> Bool) async throws {
        var socket = try await RoomSocket(self.address, self.options)
        let connection = socket.connection
        defer { try? connection.startClosing() }
        // Answers to pings do not help: who says nothing else must not be waited for.
        let timeout = connection.eventLoop.scheduleTask(in: self.joinTime.timeAmount) { connection.abort() }
        defer { timeout.cancel() }
        try await withTaskCancellationHandler {
            try await socket.send(RoomReading.join(self.address.room, start))
            var object = try await socket.next()
            timeout.cancel()
            while try self.tell(object, hear) { object = try await socket.next() }
            _ = try? await connection.close()
        } onCancel: {
            try? connection.startClosing()
        }
    }

    private static func join(_ room: RoomName, _ start: Start) -> [UInt8] {
        var writer = JSONWriter(capacity: 160)
        writer.raw(#"{"type":"join","id":1,"room":"#)
        writer.string(room.text)
        if let position = start.position {
            writer.raw(#","epoch":"#)
            writer.string(position.epoch.text)
            writer.raw(#","after":"#)
            writer.number(position.offset)
        } else {
            writer.raw(#","history":"#)
            writer.number(UInt64(start.history))
        }
        writer.raw("}")
        return writer.bytes
    }

    /// Tells of an object that is one of the WebSocket's; false when nothing more is wanted.
    private func tell(_ object: ReceivedObject, _ hear: (RoomEvent) -> Bool) throws -> Bool {
        let type = object.string("type")
        // What a newer protocol may say beside these.
        guard let type, ["joined", "message", "gap"].contains(type) else { return true }
        guard let position = object.position else { throw RoomReading.noProtocol }
        switch type {
        case "joined": return hear(.joined(position, recovered: object.bool("recovered") ?? false))
        case "gap": return hear(.gap(position))
        default: return hear(.message(position, object))
        }
    }

    // MARK: Streaming

    private func stream(_ start: Start, _ hear: (RoomEvent) -> Bool) async throws {
        var query = RoomReading.query(start.position)
        query.append(("format", "ndjson"))
        if start.position == nil { query.append(("history", String(start.history))) }
        let request = HTTPExchange(
            .get, self.address.resource("stream", query), fields: [.accept: "application/x-ndjson"])
        try await request.perform(self.options) { response, content in
            guard response.status.kind == .successful else {
                throw RoomFailure.refused(
                    response, Array(buffer: try await content.collect(upTo: RoomReading.maxError)))
            }
            var lines = LineBuffer(maxLine: RoomReading.maxLine)
            while let bytes = try await content.next() {
                for line in try lines.take(bytes) {
                    guard let object = try? ReceivedObject(line) else { throw RoomReading.noProtocol }
                    guard try self.tell(object, hear) else { return }
                }
            }
            throw RoomFailure("the server has ended the stream", isPassing: true)
        }
    }

    private static func query(_ position: Position?) -> [(name: String, value: String)] {
        guard let position else { return [] }
        return [("after", String(position.offset)), ("epoch", position.epoch.text)]
    }

    // MARK: Polling

    private func poll(_ start: Start, waits: Bool, _ hear: (RoomEvent) -> Bool) async throws {
        var (position, tag): (Position?, String?) = (start.position, nil)
        var isFirst = true
        while true {
            var query = RoomReading.query(position)
            if position == nil { query.append(("history", String(start.history))) }
            // Without history there are no messages to come along.
            let limit = position == nil && start.history == 0 ? 0 : RoomReading.pageLimit
            query.append(("limit", String(limit)))
            // The first answer comes at once: it says whether the server is there, and where the room is.
            let wait = waits && !isFirst ? RoomReading.wait : 0
            if wait > 0 { query.append(("wait", String(wait))) }
            let page = try await self.page(
                query, tag: wait > 0 ? nil : tag, silence: RoomReading.answerTime + .seconds(wait))
            var hasMore = false
            if let page {
                guard let reached = page.object.position else { throw RoomReading.noProtocol }
                guard try self.tell(page.object, reached, isFirst: isFirst, hear) else { return }
                (position, tag) = (reached, page.tag)
                hasMore = page.object.bool("more") ?? false
            }
            isFirst = false
            if !waits, !hasMore { try await Task.sleep(for: self.interval) }
        }
    }

    /// Tells what a page has; false when nothing more is wanted.
    private func tell(
        _ page: ReceivedObject, _ reached: Position, isFirst: Bool, _ hear: (RoomEvent) -> Bool
    ) throws -> Bool {
        let messages = try page.objects("messages")
        let recovered = page.bool("recovered") ?? false
        if isFirst || !recovered {
            let first = messages.first?.position ?? reached
            let start = messages.isEmpty ? first : Position(epoch: first.epoch, offset: first.offset &- 1)
            guard hear(.joined(start, recovered: recovered)) else { return false }
        }
        for message in messages {
            let named = try? ReceivedObject(message.named("message", room: self.address.room))
            guard let position = message.position, let named else { throw RoomReading.noProtocol }
            guard hear(.message(position, named)) else { return false }
        }
        return hear(.reached(reached))
    }

    private struct Page: Sendable {
        var object: ReceivedObject
        var tag: String?
    }

    /// A page; nil when nothing has changed.
    private func page(
        _ query: [(name: String, value: String)], tag: String?, silence: Duration
    ) async throws -> Page? {
        var request = HTTPExchange(.get, self.address.resource("messages", query), maxSilence: silence)
        if let tag { request.fields[.ifNoneMatch] = tag }
        return try await request.perform(self.options) { response, content -> Page? in
            if response.status == .notModified { return nil }
            let isError = response.status.kind != .successful
            let bytes = Array(
                buffer: try await content.collect(upTo: isError ? RoomReading.maxError : RoomReading.maxAnswer))
            if isError { throw RoomFailure.refused(response, bytes) }
            guard let object = try? ReceivedObject(bytes) else { throw RoomReading.noProtocol }
            return Page(object: object, tag: response.headerFields[.eTag])
        }
    }
}
