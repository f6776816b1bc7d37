import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A channel's socket with nothing in between, such as TLS: what the channel holds nothing before can be written to it without
/// the channel, whose list of pending writes costs as much as the rest of the driver (a third of what a message to many costs).
///
/// It belongs to the channel's event loop. The channel stays the owner of the socket: it closes it, it waits until it takes more, and
/// it finds out what is wrong with it.
struct PlainSocket: ~Copyable {
    private let channel: any Channel
    private let descriptor: CInt

    /// The channel's socket; nil if it has none.
    init?(_ channel: any Channel) {
        let found = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            $0
        }
        guard let descriptor = found.flatMap({ $0 }) else { return nil }
        (self.channel, self.descriptor) = (channel, descriptor)
    }

    /// Writes the beginning of the bytes, as much as the socket takes now.
    ///
    /// - Returns: How many bytes it took: 0 if it is full or broken, which the channel finds out when it writes the rest.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        // A channel that was closed has no socket, and its number may be another one's.
        guard self.channel.isActive else { return 0 }
        // SIGPIPE is ignored by SwiftNIO.
        while true {
            let count = send(self.descriptor, bytes.baseAddress, bytes.count, 0)
            if count >= 0 { return count }
            guard errno == EINTR else { return 0 }
        }
    }
}
