#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What `GET /ways/counters?id=PAGE` answers.
struct WayReport: Codable, Equatable {
    /// What one way has cost, as the server sees it. Bytes are those of HTTP/1.1 and WebSocket, heads and frames' headers too.
    struct Cost: Codable, Equatable {
        var requests: Int
        var received: Int
        var sent: Int
    }

    /// The server's clock, in milliseconds since 1970, with a fraction.
    var time: Double
    /// What the process has used of the processor since its start, in microseconds.
    var cpu: Int64
    /// What the connection of this request speaks: `1.1`, or `2`.
    var http: String
    /// How many pages are open, this one too: what the others do is in `cpu`.
    var pages: Int
    /// By the ways' names; those that have not asked yet are not there.
    var ways: [String: Cost]

    /// Makes a report of what was counted.
    init(_ counters: [Way: WayCounter], pages: Int, http: String) {
        self.time = Date.now.timeIntervalSince1970 * 1000
        self.cpu = CPUTime.microseconds
        self.http = http
        self.pages = pages
        self.ways = Dictionary(
            uniqueKeysWithValues: counters.map { way, counter in
                (way.rawValue, Cost(requests: counter.requests, received: counter.received, sent: counter.sent))
            })
    }

    /// As JSON.
    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // Numbers and short texts: there is nothing that cannot be written.
        return (try? encoder.encode(self)).map { Array($0) } ?? []
    }
}
