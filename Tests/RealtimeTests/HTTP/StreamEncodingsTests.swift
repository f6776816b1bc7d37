import NIOCore
import RealtimeCore
import Testing

@testable import Realtime

@Suite struct StreamEncodingsTests {
    private let encodings = StreamEncodings()
    private let room: RoomName

    init() throws { self.room = try RoomName("chat") }

    private func bytes(_ offset: UInt64, epoch: UInt64 = 1, _ format: StreamFormat = .lines) -> ByteBuffer {
        let data = Array("\(offset)".utf8)
        let message = RoomMessage(
            offset: offset, time: Instant(nanoseconds: 0), size: data.count, body: Publication(data: data, time: 1))
        return self.encodings.bytes(of: message, in: Epoch(random: epoch), room: self.room, as: format)
    }

    private func address(_ bytes: ByteBuffer) -> UnsafeRawPointer? {
        bytes.withUnsafeReadableBytes { $0.baseAddress }
    }

    @Test func theNewestIsMadeOnceForEachFormat() {
        let first = self.bytes(5)
        #expect(self.address(self.bytes(5)) == self.address(first))
        let event = self.bytes(5, .events)
        #expect(event != first)
        #expect(self.address(self.bytes(5, .events)) == self.address(event))
        #expect(self.address(self.bytes(5)) == self.address(first))
    }

    @Test func whoIsBehindDoesNotTakeItsPlace() {
        let newest = self.bytes(5)
        let old = self.bytes(4)
        #expect(old.getString(at: 0, length: old.readableBytes)?.contains(#""offset":4,"#) == true)
        #expect(self.address(self.bytes(4)) != self.address(old))
        #expect(self.address(self.bytes(5)) == self.address(newest))
    }

    @Test func aNewEpochBeginsAnew() {
        let old = self.bytes(5)
        let new = self.bytes(1, epoch: 2)
        #expect(new != old)
        #expect(self.address(self.bytes(1, epoch: 2)) == self.address(new))
    }

    @Test func whatClientsMakeUpIsNotKept() throws {
        let format = StreamFormat.scripts(try ScriptCallback("parent.mine"))
        let made = self.bytes(5, format)
        #expect(made == self.bytes(5, format))
        #expect(self.address(made) != self.address(self.bytes(5, format)))
        let standard = self.bytes(5, .scripts(.standard))
        #expect(self.address(standard) == self.address(self.bytes(5, .scripts(.standard))))
    }
}
