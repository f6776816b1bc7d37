import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

/// What puts a reader behind: more tiny messages in one read than its queue takes.
enum Behind {
    static let bound = 8 << 10
    static let texts = (0..<1000).map { "\($0)" }

    /// A small queue; so the reader is behind after 64 messages.
    static let configuration = WebSocketConfiguration(
        limits: .unlimited, receiveBuffer: bound, compression: DeflateConfiguration(threshold: 0))

    /// What a read of many messages becomes.
    static func read(to role: Role, isCompressed: Bool) -> [UInt8] {
        let peer = Peer()
        return Self.texts.flatMap {
            frame(.text, isCompressed ? peer.deflate($0) : Array($0.utf8), to: role, isCompressed: isCompressed)
        }
    }

    /// The most pieces that may be queued: as much again as the bound, and one more.
    static let most = 2 * bound / InboundQueue.overhead + 1
}
