import Synchronization

@testable import Realtime

/// A loop whose turns a test takes.
final class FakeLoop: HubLoop {
    private let queue = Mutex<[@Sendable () -> Void]>([])

    /// All of a test is one thread.
    var isCurrent: Bool { true }
    var isIdle: Bool { self.queue.withLock { $0.isEmpty } }

    func execute(_ body: @escaping @Sendable () -> Void) { self.queue.withLock { $0.append(body) } }

    /// Runs what is there, or only the first of it.
    func turn() {
        let first = self.queue.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        first?()
    }

    func run() {
        while !self.isIdle { self.turn() }
    }
}

/// A connection that keeps what is sent, and can be slow.
final class FakeConnection: HubConnection {
    var sent: [String] = []
    var closed: UInt16?
    /// How many messages it takes before it is slow; one more it takes, and then none.
    var room = Int.max

    func send(_ messages: OutgoingMessages) -> HubSendResult {
        if self.closed != nil { return .closed }
        guard self.room > -1 else { return .full }
        self.sent += messages.texts.map { String(decoding: $0, as: UTF8.self) }
        self.room -= self.room == .max ? 0 : 1
        return self.room >= 0 ? .sent : .slow
    }

    func close(code: UInt16, reason: String) { self.closed = self.closed ?? code }

    /// What has come since the last time.
    func take() -> [String] {
        defer { self.sent = [] }
        return self.sent
    }
}

extension HubClient {
    func say(_ text: String) { self.received(Array(text.utf8).span) }
}
