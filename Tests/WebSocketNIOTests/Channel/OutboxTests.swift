import NIOCore
import Testing

@testable import WebSocketNIO

@Suite struct OutboxTests {
    @Test func emptyHasNoRoom() {
        var outbox = Outbox()
        #expect(outbox.append(1) == nil)
        #expect(outbox.take() == nil)
        #expect(outbox.capacity == 0)
    }

    @Test func fillsUpToItsCapacity() throws {
        var outbox = Outbox(ByteBufferAllocator().buffer(capacity: 64))
        #expect(outbox.capacity == 64)
        for value in UInt8(0)..<8 {
            let target = try #require(outbox.append(8))
            for offset in 0..<8 { target.storeBytes(of: value, toByteOffset: offset, as: UInt8.self) }
        }
        #expect(outbox.append(1) == nil)
        let bytes = try #require(outbox.take())
        #expect(Array(bytes.readableBytesView) == (UInt8(0)..<8).flatMap { Array(repeating: $0, count: 8) })
        #expect(outbox.count == 0)
        #expect(outbox.append(1) == nil)
    }
}
