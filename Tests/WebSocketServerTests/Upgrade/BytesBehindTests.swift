import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocketServer

@Suite struct BytesBehindTests {
    @Test func whatNoConnectionBeginsWith() throws {
        let frames: [UInt8] = [0x01, 0x02, 0x81, 0x82, 0x88, 0x89, 0x8A]
        for byte in UInt8.min...UInt8.max {
            let behind = BytesBehind()
            let channel = EmbeddedChannel(handler: behind)
            try channel.writeInbound(ByteBuffer(bytes: [byte, 0x80]))
            #expect(behind.isNoFrame == !frames.contains(byte), "0x\(String(byte, radix: 16))")
            _ = try channel.finish()
        }
    }

    @Test func nothingIsNotARequest() { #expect(!BytesBehind().isNoFrame) }

    @Test func passesOnWhatItHeld() throws {
        let behind = BytesBehind()
        let channel = EmbeddedChannel(handler: behind)
        try channel.writeInbound(ByteBuffer(bytes: [0x81]))
        try channel.writeInbound(ByteBuffer(bytes: [0x80]))
        #expect(try channel.readInbound(as: ByteBuffer.self) == nil)
        try channel.pipeline.syncOperations.removeHandler(behind).wait()
        #expect(try channel.readInbound(as: ByteBuffer.self) == ByteBuffer(bytes: [0x81, 0x80]))
        _ = try channel.finish()
    }
}
