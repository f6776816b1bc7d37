import HummingbirdCore
import NIOCore
import RealtimeCore
import ServiceLifecycle
import Synchronization

/// An answer that goes on: a room's messages from a position on, in one format, until the server or the client goes.
///
/// The response writer slows it down: nothing waits in memory for a slow client, which goes on from the room's log. What has gone from
/// there meanwhile it is told as a gap.
final class RoomStream: Sendable {
    /// The client has taken nothing for too long.
    struct Stalled: Error {}

    private let room: RoomName
    private let reader: RoomReader
    private let format: StreamFormat
    private let settings: RoomsHTTPSettings
    /// How many heartbeats have passed since writing began that has not ended.
    private let pending = Mutex<Int?>(nil)

    init(_ room: RoomName, _ reader: RoomReader, _ format: StreamFormat, _ settings: RoomsHTTPSettings) {
        (self.room, self.reader, self.format, self.settings) = (room, reader, format, settings)
    }

    /// Writes what was read, and goes on.
    ///
    /// - Throws: What writing throws; ``BrokerError`` if the room cannot be read any more; ``Stalled``.
    func write(_ first: Reading<Publication>, to writer: any ResponseBodyWriter) async throws {
        let output = Output(writer: writer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.beat() }
            group.addTask {
                try await withGracefulShutdownHandler {
                    try await self.goOn(first, output)
                } onGracefulShutdown: {
                    self.reader.end()
                }
            }
            // The first that ends, or throws, ends the other.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The response's writer, which only one task of the stream uses.
    private struct Output: @unchecked Sendable {
        let writer: any ResponseBodyWriter

        @concurrent func write(_ bytes: ByteBuffer) async throws {
            var writer = self.writer
            try await writer.write(bytes)
        }
    }

    private func goOn(_ first: Reading<Publication>, _ output: Output) async throws {
        var bytes = self.format.prologue
        bytes += self.format.joined(room: self.room, position: first.start, recovered: first.recovered)
        self.append(first, to: &bytes)
        try await self.write(ByteBuffer(bytes: bytes), output)
        var position = first.position
        let policy = self.reader.policy.slowReaders
        while true {
            let outcome = try await self.reader.next(
                after: position, limit: policy.batch.limit, maxBytes: policy.batch.maxBytes)
            switch outcome {
            case .reading(let reading):
                try await self.write(self.encode(policy.rest(of: reading)), output)
                position = reading.position
            case .woken:
                try await self.write(ByteBuffer(bytes: self.format.heartbeat), output)
            case .ended:
                return
            }
        }
    }

    private func encode(_ reading: Reading<Publication>) -> ByteBuffer {
        if reading.recovered, reading.messages.count == 1 {
            return self.reader.encodings.bytes(
                of: reading.messages[0], in: reading.start.epoch, room: self.room, as: self.format)
        }
        var bytes = reading.recovered ? [] : self.format.gap(room: self.room, position: reading.start)
        self.append(reading, to: &bytes)
        return ByteBuffer(bytes: bytes)
    }

    private func append(_ reading: Reading<Publication>, to bytes: inout [UInt8]) {
        for message in reading.messages {
            bytes += self.format.message(MessageWire(message, in: reading.start.epoch), room: self.room)
        }
    }

    private func write(_ bytes: ByteBuffer, _ output: Output) async throws {
        self.pending.withLock { $0 = 0 }
        try await output.write(bytes)
        self.pending.withLock { $0 = nil }
    }

    /// Makes a heartbeat once in a while. It comes also behind messages: to leave it out then would cost more than its bytes.
    private func beat() async throws {
        while true {
            try await self.settings.sleep(self.settings.heartbeat)
            let isStalled = self.pending.withLock { pending in
                guard let beats = pending else { return false }
                pending = beats + 1
                return beats + 1 > RoomsHTTPLimits.maxStalledHeartbeats
            }
            if isStalled { throw Stalled() }
            self.reader.wake()
        }
    }
}
