import HTTPTypes
import Hummingbird
import WebSocketServer

/// What pages of other origins may do (the Fetch standard, section 3.2), by an ``OriginPolicy``.
struct CrossOrigin: Sendable {
    let policy: OriginPolicy

    /// The fields that a page may send beside the usual ones.
    static let allowedFields = "Content-Type, Idempotency-Key, Last-Event-ID, If-None-Match, Authorization"
    /// The fields that a page may see beside the usual ones.
    static let exposedFields = "ETag, Retry-After"

    /// Whether the request may be carried out.
    ///
    /// One from a page that is not allowed is refused, not only kept from being read: it would be carried out otherwise.
    ///
    /// - Parameters:
    ///   - request: The request as it came here.
    ///   - peer: Who sent it; nil where the server does not know.
    func allows(_ request: HTTPRequest, from peer: Peer?) -> Bool {
        var request = request
        if let peer {
            request = peer.requestAtProxy(request)
        } else {
            // There may be a proxy with TLS.
            request.scheme = nil
        }
        return self.policy.allows(request)
    }

    /// What is said to the page of an allowed request. Never a wildcard with credentials: where any page may ask, it may not with its
    /// visitor's cookies.
    func fields(for request: HTTPRequest) -> HTTPFields {
        // Also without an origin: a cache must not give that answer to a page.
        var fields: HTTPFields = [.vary: "Origin"]
        guard let origin = request.headerFields[.origin] else { return fields }
        switch self.policy {
        case .any:
            fields[.accessControlAllowOrigin] = "*"
        case .list, .sameOrigin:
            fields[.accessControlAllowOrigin] = origin
            fields[.accessControlAllowCredentials] = "true"
        }
        fields[.accessControlExposeHeaders] = CrossOrigin.exposedFields
        return fields
    }

    /// The other origins that are named: those that may have a page of scripts in a frame. ``OriginPolicy/any`` names none.
    var others: [String] {
        guard case .list(let origins) = self.policy else { return [] }
        return origins
    }

    /// The answer to the preflight of an allowed request.
    func preflight(for request: HTTPRequest, methods: [HTTPRequest.Method]) -> Response {
        let methods = methods.map(\.rawValue).joined(separator: ", ")
        var fields = self.fields(for: request)
        fields[.allow] = methods
        fields[.cacheControl] = "no-store"
        if request.headerFields[.origin] != nil {
            fields[.accessControlAllowMethods] = methods
            fields[.accessControlAllowHeaders] = CrossOrigin.allowedFields
            fields[.accessControlMaxAge] = String(RoomsHTTPLimits.preflightAge)
        }
        var response = Response(status: .noContent, headers: fields)
        // RFC 9110, section 8.6: it has no length.
        response.headers[.contentLength] = nil
        return response
    }
}
