import TestSupport
import WebSocketClient
import WebSocketNIO

/// An event of a WebSocket, as far as it can be compared.
enum Told: Sendable, Equatable {
    case open
    case message(MessageEvent.Data)
    case error
    case close(Int, String = "", wasClean: Bool = true)

    static func text(_ text: String) -> Told { .message(.string(text)) }
    /// The end of a connection that failed.
    static let failed = Told.close(1006, wasClean: false)
}

extension WebSocket {
    /// What it tells from now on. Listeners are used, so that a test has the properties for itself.
    func told() -> Mailbox<Told> {
        let told = Mailbox<Told>()
        self.addEventListener(.open) { _ in told.post(.open) }
        self.addEventListener(.message) { told.post(.message($0.data)) }
        self.addEventListener(.error) { _ in told.post(.error) }
        self.addEventListener(.close) { told.post(.close($0.code, $0.reason, wasClean: $0.wasClean)) }
        return told
    }
}

extension Mailbox where Element == Told {
    /// All that is told until the end.
    func all() async -> [Told] {
        var all: [Told] = []
        while let told = await self.next() {
            all.append(told)
            if case .close = told { break }
        }
        return all
    }
}

/// A gate that stays open once it was opened; one waits.
struct Gate: Sendable {
    private let opened = Mailbox<Void>()

    func open() { self.opened.post(()) }
    func wait() async { _ = await self.opened.next() }
}
