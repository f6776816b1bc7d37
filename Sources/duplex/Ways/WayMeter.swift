import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import RealtimeCore
import Synchronization
import WebSocketServer

/// Counts what the readers of the page `/ways` cost, and nobody else: they are known by their name in the query.
///
/// Only requests that read (GET) are counted. A WebSocket's bytes are counted where they pass, to its end.
final class WayMeter: Sendable {
    private let counters = Mutex(WayCounters())
    private let now: @Sendable () -> Instant
    /// What the Server field of answers says.
    private let serverName: String?

    /// Makes a meter.
    ///
    /// - Parameters:
    ///   - serverName: What the Server field of answers says, which is written behind this; nil for no such field.
    ///   - now: Time since some start.
    init(serverName: String?, now: @escaping @Sendable () -> Instant) {
        (self.serverName, self.now) = (serverName, now)
    }

    /// The counters of a page.
    func counters(of page: String) -> [Way: WayCounter] {
        self.counters.withLock { $0.counters(of: page, now: self.now()) }
    }

    /// How many pages are open.
    var openPages: Int { self.counters.withLock { $0.openCount(now: self.now()) } }

    /// The counter of who asks, if it is such a reader.
    private func counter(of request: Request) -> WayCounter? {
        guard request.method == .get, let name = request.uri.queryParameters["as"],
            let reader = WayReader(name: String(name))
        else { return nil }
        return self.counters.withLock { $0.counter(of: reader, now: self.now()) }
    }

    /// Counts a request, and its answer when it is written.
    ///
    /// - Parameters:
    ///   - request: What is asked.
    ///   - channel: The connection; over HTTP/2 the stream.
    ///   - isSocket: Whether it becomes a WebSocket if all goes well.
    ///   - answer: Makes the answer.
    func count(
        _ request: Request, on channel: any Channel, isSocket: Bool, _ answer: () async throws -> Response
    ) async throws -> Response {
        guard let counter = self.counter(of: request) else { return try await answer() }
        counter.request(HTTP1Size.head(request.head))
        var response = try await answer()
        let isStream = Peer.current?.httpVersion == "2"
        if isSocket, response.status == (isStream ? .ok : .switchingProtocols) {
            try await ByteCountingHandler.add(to: channel, isStream: isStream, counter)
            // Over HTTP/1.1 the answer's head passes there, too.
            guard isStream else { return response }
        }
        let closes = request.headers[.connection]?.lowercased() == "close"
        let length = response.body.contentLength
        counter.send(
            HTTP1Size.head(response.head, serverName: self.serverName, isChunked: length == nil, closes: closes)
                + (length ?? 0))
        if length == nil {
            let body = response.body
            response.body = ResponseBody { writer in try await body.write(CountingBodyWriter(writer, counter)) }
        }
        return response
    }
}

/// A ``WayMeter`` in front of the rooms' routes.
struct WayMeterMiddleware: RouterMiddleware {
    let meter: WayMeter
    /// Whether it is the WebSocket's.
    var isSocket = false

    @concurrent func handle(
        _ request: Request, context: ServeContext,
        next: @concurrent (Request, ServeContext) async throws -> Response
    ) async throws -> Response {
        try await self.meter.count(request, on: context.channel, isSocket: self.isSocket) {
            try await next(request, context)
        }
    }
}
