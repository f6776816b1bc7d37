import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import RealtimeCore
import ServiceLifecycle

extension RoomsHTTP {
    /// `GET /rooms/{room}/messages`
    func poll(_ call: Call) async throws -> Response {
        let query = try call.reading()
        try self.allow(.join, call)
        // What is left out counts for nothing, so that all keys are caught up on at once.
        let (limit, maxBytes) = query.latest ? (.max, .max) : (query.limit, RoomsHTTPLimits.maxAnswerBytes)
        var start = self.start(query, call.room, orLatest: query.limit)
        var newest: Int?
        if query.latest, case .latest(let count) = start { (start, newest) = (.oldest, count) }
        var reading = try await self.hub.read(call.room, from: start, limit: limit, maxBytes: maxBytes)
        if let newest { reading = reading.latestPerKey().newest(newest) }
        // One without room for a message has nothing to wait for.
        if query.wait > 0, query.limit > 0, reading.messages.isEmpty, reading.recovered {
            reading = try await self.wait(for: .seconds(query.wait), behind: reading, limit, maxBytes, call)
        }
        if query.latest {
            reading = reading.latestPerKey(limit: query.limit, maxBytes: RoomsHTTPLimits.maxAnswerBytes)
        }
        return RoomsHTTP.answer(reading, to: call, isWaiting: query.wait > 0)
    }

    /// Waits until there is something; the empty reading again if nothing comes, or the server is going.
    ///
    /// A client that goes away meanwhile is not noticed over HTTP/1.1, where only reading the next request would tell: the answer is
    /// written to nobody at the end of the wait.
    private func wait(
        for duration: Duration, behind empty: Reading<Publication>, _ limit: Int, _ maxBytes: Int, _ call: Call
    ) async throws -> Reading<Publication> {
        let place = try self.held.take(for: call.member)
        defer { withExtendedLifetime(place) {} }
        let reader = try await self.hub.reader(of: call.room)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let sleep = self.settings.sleep
            group.addTask {
                try await sleep(duration)
                reader.end()
            }
            defer { group.cancelAll() }
            return try await withGracefulShutdownHandler {
                let outcome = try await reader.next(
                    after: empty.position, limit: limit, maxBytes: maxBytes)
                guard case .reading(let reading) = outcome else { return empty }
                return reading
            } onGracefulShutdown: {
                reader.end()
            }
        }
    }

    private static func answer(_ reading: Reading<Publication>, to call: Call, isWaiting: Bool) -> Response {
        let fields = call.head.headerFields
        // Where something is missing that has to be said.
        if !isWaiting, reading.recovered,
            fields[.ifNoneMatch].map({ EntityTag.isMatched(reading.position, by: $0) }) ?? false
        {
            var response = Response(
                status: .notModified,
                headers: [.eTag: EntityTag.text(reading.position), .vary: "Origin, Accept-Encoding"])
            // It would be that of the other answer (RFC 9110, section 8.6).
            response.headers[.contentLength] = nil
            return response
        }
        let bytes = HTTPAnswer.messages(
            room: call.room, position: reading.position, recovered: reading.recovered, more: reading.hasMore,
            reading.messages.map { MessageWire($0, in: reading.start.epoch) })
        var response: Response
        if bytes.count > RoomsHTTPLimits.minCompressedBytes, Gzip.isAccepted(by: fields[.acceptEncoding]),
            let compressed = Gzip.compress(bytes)
        {
            response = RoomsHTTP.json(compressed)
            response.headers[.contentEncoding] = "gzip"
            // It is another representation, and strong tags are of one only (RFC 9110, section 8.8.3.3).
            response.headers[.eTag] = "W/" + EntityTag.text(reading.position)
        } else {
            response = RoomsHTTP.json(bytes)
            response.headers[.eTag] = EntityTag.text(reading.position)
        }
        response.headers[.vary] = "Origin, Accept-Encoding"
        return response
    }
}
