import NIOCore
import Testing

@testable import WebSocketNIO

@Suite struct OutboxTests {
    // The macros of swift-testing cannot look into a value that cannot be copied, hence the names.

    @Test func emptyHasNoRoom() {
        var outbox = Outbox()
        let (room, taken) = (outbox.append(1), outbox.take())
        #expect(room == nil)
        #expect(taken == nil)
        let capacity = outbox.capacity
        #expect(capacity == 0)
    }

    @Test func fillsUpToItsCapacity() throws {
        var outbox = Outbox(ByteBufferAllocator().buffer(capacity: 64))
        for value in UInt8(0)..<8 {
            let room = outbox.append(8)
            let target = try #require(room)
            for offset in 0..<8 { target.storeBytes(of: value, toByteOffset: offset, as: UInt8.self) }
        }
        let beyond = outbox.append(1)
        #expect(beyond == nil)
        let taken = outbox.take()
        let bytes = try #require(taken)
        #expect(Array(bytes.readableBytesView) == (UInt8(0)..<8).flatMap { Array(repeating: $0, count: 8) })
        let (count, room) = (outbox.count, outbox.append(1))
        #expect(count == 0)
        #expect(room == nil)
    }
}
