import NIOCore
import RealtimeCore
import Synchronization

/// A room's newest message as its streams write it, made once for all that have the same format: they read it at about the same time.
/// Older messages, which one reads that is behind, each makes for itself. Any thread.
final class StreamEncodings: Sendable {
    private struct State: ~Copyable {
        var position: Position?
        var encoded: [StreamFormat: ByteBuffer] = [:]
    }

    private let state = Mutex(State())

    /// The message's bytes; the same memory for all that ask while it is the newest one.
    func bytes(of message: RoomMessage<Publication>, in epoch: Epoch, room: RoomName, as format: StreamFormat)
        -> ByteBuffer
    {
        let position = Position(epoch: epoch, offset: message.offset)
        // Clients can make up as many callbacks as they like.
        guard format.isShared else { return StreamEncodings.encode(message, epoch, room, format) }
        let shared = self.state.withLock { state -> ByteBuffer? in
            // Whoever is behind must not take the newest one's place.
            if let newest = state.position, position.isBefore(newest) ?? false { return nil }
            if state.position != position {
                state.position = position
                state.encoded = [:]
            }
            // Within the lock: whoever comes meanwhile would only make the same.
            if let found = state.encoded[format] { return found }
            let made = StreamEncodings.encode(message, epoch, room, format)
            state.encoded[format] = made
            return made
        }
        return shared ?? StreamEncodings.encode(message, epoch, room, format)
    }

    private static func encode(
        _ message: RoomMessage<Publication>, _ epoch: Epoch, _ room: RoomName, _ format: StreamFormat
    ) -> ByteBuffer {
        ByteBuffer(bytes: format.message(MessageWire(message, in: epoch), room: room))
    }
}

extension StreamFormat {
    fileprivate var isShared: Bool {
        switch self {
        case .events, .lines: true
        case .scripts(let callback): callback == .standard
        }
    }
}
