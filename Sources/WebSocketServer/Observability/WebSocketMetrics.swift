public import CoreMetrics
public import NIOCore
import Synchronization
import WebSocketNIO

/// What a server tells swift-metrics: connections, messages and bytes, refusals, drops, lag.
///
///     let metrics = WebSocketMetrics(loops: group)
///     let app = WebSocketApplication(…, configuration: .init(metrics: metrics))
///
/// Messages are counted by their event loops without locks; ``collect()`` adds up what has come since, once a second say, or when
/// somebody looks. It speaks for the loops: of two servers on the same loops, one has metrics.
public final class WebSocketMetrics: Sendable {
    private let loops: [any EventLoop]
    private let factory: any MetricsFactory
    /// What was published: of each number the largest, since none ever becomes less.
    private struct Published: ~Copyable {
        var counts = LoopStatistics()
        /// Collections that were begun, and the one whose momentary numbers are shown.
        var begun = 0
        var shown = 0
    }

    private let published = Mutex(Published())

    /// Makes the metrics of a server.
    ///
    /// - Parameters:
    ///   - group: The event loops of its connections.
    ///   - factory: Where they go; by default where the metrics system was told.
    public init(loops group: any EventLoopGroup, factory: any MetricsFactory = MetricsSystem.factory) {
        self.loops = Array(group.makeIterator())
        self.factory = factory
    }

    /// What metrics are about, by name: for a backend that shows it.
    public static let help = [
        "websocket_connections_open": "WebSockets that are open.",
        "websocket_connections_opened_total": "WebSockets that were opened.",
        "websocket_connections_closed_total": "WebSockets that have ended, by close code.",
        "websocket_messages_received_total": "Messages that have arrived.",
        "websocket_messages_sent_total": "Messages that were sent.",
        "websocket_received_bytes_total": "Bytes of payloads that have arrived, as they travel.",
        "websocket_sent_bytes_total": "Bytes of payloads that were sent, as they travel.",
        "websocket_queued_bytes": "Bytes that wait for sockets that are full.",
        "websocket_messages_dropped_total": "Messages that were not sent to peers that are too slow.",
        "websocket_peers_given_up_total": "Peers that did not answer a ping.",
        "websocket_handshakes_refused_total":
            "Handshakes that were refused, and what did not get as far as one, by status and reason.",
        "websocket_handshake_duration_seconds": "Time from a handshake's request to its answer.",
        "http_connections_refused_total": "Connections that were not let in, by reason.",
        "event_loop_lag_seconds": "How long a call took to come to an event loop; the longest of the loops.",
    ]

    // MARK: Once in a while

    /// Asks the event loops, and passes on what has come since the last time. Any task, also several at once.
    public func collect() async {
        let turn = self.begin()
        self.publish(await LoopStatistics.collect(from: self.loops), turn)
    }

    /// Begins a collection.
    ///
    /// - Returns: Its turn. Of two that go on at once, one loop may have been asked sooner by the one, another by the other.
    func begin() -> Int {
        self.published.withLock { published in
            published.begun += 1
            return published.begun
        }
    }

    /// Passes on what has come since the last time. What was asked earlier than what is published adds nothing, or what of it is
    /// newer.
    func publish(_ new: LoopStatistics, _ turn: Int) {
        self.published.withLock { published in
            self.count("websocket_connections_opened_total", new.opened, &published.counts.opened)
            self.count("websocket_messages_received_total", new.messagesReceived, &published.counts.messagesReceived)
            self.count("websocket_messages_sent_total", new.messagesSent, &published.counts.messagesSent)
            self.count("websocket_received_bytes_total", new.bytesReceived, &published.counts.bytesReceived)
            self.count("websocket_sent_bytes_total", new.bytesSent, &published.counts.bytesSent)
            self.count("websocket_messages_dropped_total", new.dropped, &published.counts.dropped)
            self.count("websocket_peers_given_up_total", new.givenUp, &published.counts.givenUp)
            for (code, count) in new.closed {
                self.count(
                    "websocket_connections_closed_total", count, &published.counts.closed[code, default: 0],
                    [("code", WebSocketMetrics.label(of: code))])
            }
            guard turn > published.shown else { return }
            published.shown = turn
            self.set("websocket_connections_open", Double(new.open))
            self.set("websocket_queued_bytes", Double(new.queued))
            self.set("event_loop_lag_seconds", new.lag / .seconds(1))
        }
    }

    /// A close code as a label: those of libraries and of applications each under one, so that nobody outside can make many.
    static func label(of code: UInt16) -> String {
        switch code {
        case 1000...1015: String(code)
        case 3000...3999: "3xxx"
        case 4000...4999: "4xxx"
        default: "other"
        }
    }

    // MARK: When it happens

    func handshakeRefused(_ status: Int, _ reason: Refusal.Reason) {
        self.count(
            "websocket_handshakes_refused_total", 1, [("status", String(status)), ("reason", reason.rawValue)])
    }

    func handshakeAnswered(after duration: Duration) {
        Timer(label: "websocket_handshake_duration_seconds", dimensions: [], factory: self.factory)
            .recordNanoseconds(Int64(clamping: duration.nanoseconds))
    }

    func connectionRefused(_ reason: String) {
        self.count("http_connections_refused_total", 1, [("reason", reason)])
    }

    private func count(_ label: String, _ amount: Int, _ dimensions: [(String, String)] = []) {
        Counter(label: label, dimensions: dimensions, factory: self.factory).increment(by: amount)
    }

    /// Brings a counter from what was published up to a number that was read since.
    private func count(
        _ label: String, _ total: Int, _ published: inout Int, _ dimensions: [(String, String)] = []
    ) {
        let amount = max(total - published, 0)
        published += amount
        self.count(label, amount, dimensions)
    }

    private func set(_ label: String, _ value: Double) {
        Meter(label: label, dimensions: [], factory: self.factory).set(value)
    }
}
