import NIOCore
import WebSocketCore

/// Text messages that one loop sends to many of its connections: laid out once, and compressed once for all that have agreed on the same.
/// Connections without compression get the same bytes, without a copy. It belongs to the loop; see
/// ``WebSocketConnection/broadcast(_:as:to:compress:key:notSent:)`` for connections of several loops.
package final class LoopMessage {
    private var messages: [(shared: SharedMessage, cache: SharedMessage.Cache)]
    /// Their payloads' size.
    private let size: Int
    /// Their frames, as a server sends them.
    private let frames: ByteBuffer

    /// Takes the messages, which go out together.
    ///
    /// - Parameter texts: The payloads; they must be UTF-8, which is not checked.
    package init(_ texts: [[UInt8]]) {
        self.size = texts.reduce(0) { $0 + $1.count }
        var frames = ByteBufferAllocator().buffer(capacity: self.size + texts.count * FrameHeader.maxSize)
        self.messages = texts.map { text in
            let header = FrameHeader(opcode: .text, payloadCount: text.count)
            frames.writeWithUnsafeMutableBytes(minimumWritableBytes: header.size) {
                header.write(to: $0.baseAddress!)
                return header.size
            }
            frames.writeBytes(text)
            return (SharedMessage(ByteBuffer(bytes: text), as: .text, compress: true), [:])
        }
        self.frames = frames
    }

    /// Sends them, without waiting, as `trySend` does: all of them or none. On the connection's event loop.
    ///
    /// - Parameters:
    ///   - connection: To whom.
    ///   - isLast: Whether they are written at once if nothing else waits, since nothing is known to follow. Going through many
    ///     connections twice costs more than the second write that is saved where something follows all the same.
    package func send(to connection: WebSocketConnection, isLast: Bool = false) -> SendResult {
        connection.sendOnLoop(self.size) { handler in
            if handler.takesPlainFrames {
                handler.enqueueFrames(self.frames, messages: self.messages.count, bytes: self.size, isLast: isLast)
            } else {
                for index in self.messages.indices {
                    handler.enqueueShared(self.messages[index].shared, key: nil, &self.messages[index].cache)
                }
            }
        }
    }
}
