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
    private let last = Mutex(LoopStatistics())

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
        "websocket_handshakes_refused_total": "Handshakes that were refused, by status.",
        "websocket_handshake_duration_seconds": "Time from a handshake's request to its answer.",
        "http_connections_refused_total": "Connections that were not let in, by reason.",
        "event_loop_lag_seconds": "How long a call took to come to an event loop; the longest of the loops.",
    ]

    // MARK: Once in a while

    /// Asks the event loops, and passes on what has come since the last time. Any task.
    public func collect() async {
        self.publish(await LoopStatistics.collect(from: self.loops))
    }

    func publish(_ new: LoopStatistics) {
        let old = self.last.withLock { last in
            defer { last = new }
            return last
        }
        self.count("websocket_connections_opened_total", new.opened - old.opened)
        self.count("websocket_messages_received_total", new.messagesReceived - old.messagesReceived)
        self.count("websocket_messages_sent_total", new.messagesSent - old.messagesSent)
        self.count("websocket_received_bytes_total", new.bytesReceived - old.bytesReceived)
        self.count("websocket_sent_bytes_total", new.bytesSent - old.bytesSent)
        self.count("websocket_messages_dropped_total", new.dropped - old.dropped)
        self.count("websocket_peers_given_up_total", new.givenUp - old.givenUp)
        for (code, count) in new.closed where count != old.closed[code] {
            self.count(
                "websocket_connections_closed_total", count - old.closed[code, default: 0],
                [("code", WebSocketMetrics.label(of: code))])
        }
        self.set("websocket_connections_open", Double(new.open))
        self.set("websocket_queued_bytes", Double(new.queued))
        self.set("event_loop_lag_seconds", new.lag / .seconds(1))
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

    func handshakeRefused(_ status: Int) {
        self.count("websocket_handshakes_refused_total", 1, [("status", String(status))])
    }

    func handshakeAnswered(after duration: Duration) {
        Timer(label: "websocket_handshake_duration_seconds", dimensions: [], factory: self.factory)
            .recordNanoseconds(Int64(clamping: duration.nanoseconds))
    }

    func connectionRefused(_ reason: String) {
        self.count("http_connections_refused_total", 1, [("reason", reason)])
    }

    private func count(_ label: String, _ amount: Int, _ dimensions: [(String, String)] = []) {
        guard amount >= 0 else { return }
        Counter(label: label, dimensions: dimensions, factory: self.factory).increment(by: amount)
    }

    private func set(_ label: String, _ value: Double) {
        Meter(label: label, dimensions: [], factory: self.factory).set(value)
    }
}
