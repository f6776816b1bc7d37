import HTTPTypes
import HummingbirdCore
import NIOCore

/// Counts what is written of a body without a length, which comes in chunks.
struct CountingBodyWriter: ResponseBodyWriter {
    private var writer: any ResponseBodyWriter
    private let counter: WayCounter

    init(_ writer: any ResponseBodyWriter, _ counter: WayCounter) {
        (self.writer, self.counter) = (writer, counter)
    }

    @concurrent mutating func write(_ buffer: ByteBuffer) async throws {
        self.counter.send(HTTP1Size.chunk(buffer.readableBytes))
        try await self.writer.write(buffer)
    }

    @concurrent consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        self.counter.send(HTTP1Size.lastChunk)
        try await self.writer.finish(trailingHeaders)
    }
}
