import Synchronization

/// What one reader's way costs on the wire, as HTTP/1.1 and WebSocket write it; TLS, TCP and IP come on top. Any thread.
final class WayCounter: Sendable {
    private let requestCount = Atomic<Int>(0)
    private let receivedCount = Atomic<Int>(0)
    private let sentCount = Atomic<Int>(0)

    /// How many requests there were; a WebSocket's handshake is one.
    var requests: Int { self.requestCount.load(ordering: .relaxed) }
    /// Bytes that came from the reader.
    var received: Int { self.receivedCount.load(ordering: .relaxed) }
    /// Bytes that went to it.
    var sent: Int { self.sentCount.load(ordering: .relaxed) }

    /// Counts a request of so many bytes.
    func request(_ bytes: Int) {
        self.requestCount.wrappingAdd(1, ordering: .relaxed)
        self.receive(bytes)
    }

    /// Counts what came.
    func receive(_ bytes: Int) { self.receivedCount.wrappingAdd(bytes, ordering: .relaxed) }

    /// Counts what is written: before it is, so that who has got it finds it counted.
    func send(_ bytes: Int) { self.sentCount.wrappingAdd(bytes, ordering: .relaxed) }
}
