import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import RealtimeCore
import WebSocketServer

/// The ways over HTTP, without what the router knows. Any task.
struct RoomsHTTP: Sendable {
    /// A request that may be carried out.
    struct Call: Sendable {
        var request: Request
        var room: RoomName
        var identity: Identity
        var logger: Logger

        var member: MemberID { self.identity.member }
        var head: HTTPRequest { self.request.head }

        /// A value of the query.
        func query(_ name: String) -> String? { self.request.uri.queryParameters.get(name) }

        /// What the query says about reading.
        func reading(lastEventID: String? = nil) throws(WireError) -> ReadingQuery {
            try ReadingQuery(
                after: self.query("after"), epoch: self.query("epoch"), history: self.query("history"),
                limit: self.query("limit"), wait: self.query("wait"), latest: self.query("latest"),
                session: self.query("session"), lastEventID: lastEventID)
        }
    }

    let hub: RealtimeHub
    let crossOrigin: CrossOrigin
    let settings: RoomsHTTPSettings
    let held: HeldAnswers
    let rates: PublishRates?

    init(_ hub: RealtimeHub, origins: OriginPolicy, settings: RoomsHTTPSettings = RoomsHTTPSettings()) {
        self.hub = hub
        self.crossOrigin = CrossOrigin(policy: origins)
        self.settings = settings
        self.held = HeldAnswers(most: settings.maxHeld, perMember: settings.maxHeldPerMember)
        self.rates = hub.configuration.publishRate.map {
            PublishRates(rate: $0, burst: hub.configuration.publishBurst)
        }
    }

    /// Answers a request: looks at its origin, and writes what goes wrong as JSON.
    ///
    /// - Parameter body: What is done if the origin may.
    func answer(
        _ request: Request, _ logger: Logger, _ body: () async throws -> Response
    ) async throws -> Response {
        guard self.crossOrigin.allows(request.head, from: Peer.current) else {
            var response = HTTPFailure(.forbidden, "pages of this origin may not ask").response
            response.headers[.vary] = "Origin"
            return RoomsHTTP.withCommonFields(response)
        }
        var response: Response
        do {
            response = try await body()
        } catch let error as CancellationError {
            throw error
        } catch {
            if let failure = HTTPFailure(error) {
                response = failure.response
            } else {
                logger.error("A room's request failed", metadata: ["error": "\(error)"])
                response = HTTPFailure(.internalServerError, "the server failed").response
            }
        }
        // Another Vary than the origin's stays.
        for field in self.crossOrigin.fields(for: request.head) where !response.headers.contains(field.name) {
            response.headers.append(field)
        }
        return RoomsHTTP.withCommonFields(response)
    }

    private static func withCommonFields(_ response: Response) -> Response {
        var response = response
        if !response.headers.contains(.cacheControl) { response.headers[.cacheControl] = "no-store" }
        // What is JSON must not be taken for a script or a page.
        response.headers[.xContentTypeOptions] = "nosniff"
        return response
    }

    /// The room that the path names.
    static func room(_ segment: Substring?) throws -> RoomName {
        guard let name = segment.flatMap({ PercentDecoding.decode($0) }) else {
            throw HTTPFailure(.invalidRoom, "the room's name is no percent-encoded UTF-8")
        }
        return try RoomName(name)
    }

    /// - Throws: ``HTTPFailure`` if the application says that this may not be.
    func allow(_ action: RoomAction, _ call: Call) throws(HTTPFailure) {
        guard case .forbidden(let reason) = self.hub.configuration.permissions(call.identity, action, call.room) else {
            return
        }
        throw HTTPFailure(.forbidden, reason)
    }

    /// From where a request reads: its position, or its session's, or the newest.
    func start(_ query: ReadingQuery, _ room: RoomName, orLatest count: Int) -> ReadingStart {
        if query.position == nil, let session = query.session, let position = self.hub.position(of: session, in: room) {
            return .after(position)
        }
        return query.start(orLatest: count)
    }

    /// An answer that is one JSON text.
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: HTTPAnswer.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
