import NIOCore
import Synchronization
import WebSocketCore
import WebSocketDeflate

/// A message to many connections, compressed once for each way in which connections want it: what one of them makes, all
/// loops use.
final class SharedMessage: Sendable {
    /// What one loop has looked up already, so that it takes the lock once, not once a connection. Nil is a message that
    /// compressing does not make smaller.
    typealias Cache = [Compressor.Settings: ByteBuffer?]

    let opcode: Opcode
    let payload: ByteBuffer
    let compress: Bool
    private let compressed = Mutex<Cache>([:])

    init(_ payload: ByteBuffer, as kind: WebSocketMessage.Kind, compress: Bool) {
        self.opcode = kind == .text ? .text : .binary
        self.payload = payload
        self.compress = compress
    }

    /// The message compressed with these settings, standing alone; nil when that is not smaller.
    func compressed(_ settings: Compressor.Settings, _ cache: inout Cache, _ loop: LoopResources) -> ByteBuffer? {
        if let found = cache[settings] { return found }
        // A loop that comes meanwhile waits, which is no longer than compressing it again.
        let result = self.compressed.withLock { all in
            if let found = all[settings] { return found }
            let compressor = loop.deflate.takeCompressor(settings)
            var scratch = loop.takeScratch()
            compressor.appendMessage(self.payload, to: &scratch)
            loop.deflate.giveBack(compressor)
            let made =
                scratch.readableBytes < self.payload.readableBytes
                ? ByteBuffer(bytes: scratch.readableBytesView) : nil
            loop.keepScratch(scratch)
            all[settings] = .some(made)
            return made
        }
        cache[settings] = .some(result)
        return result
    }
}
