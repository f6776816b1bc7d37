import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import WebSocketCore

/// An answer that refuses a handshake: a status, and a line that says why.
struct Refusal {
    var status: HTTPResponse.Status
    var fields: HTTPFields
    var body: ByteBuffer
    /// For metrics.
    let reason: Reason

    init(_ status: HTTPResponse.Status, _ text: String, fields: HTTPFields = [:], as reason: Reason = .other) {
        self.status = status
        self.fields = fields
        self.fields[.contentType] = "text/plain; charset=utf-8"
        self.body = ByteBuffer(string: text + "\n")
        self.reason = reason
    }

    /// The refusal of a handshake about which the application has not decided in time.
    static var undecided: Refusal {
        Refusal(.serviceUnavailable, "the server took too long to decide", fields: [.retryAfter: "1"])
    }

    /// The refusal of a request that breaks a rule of the handshake.
    init(_ error: HandshakeError) {
        self.init(error.status, error.description, fields: error.fields, as: Reason(error))
    }

    /// The refusal of one too many.
    init(_ admission: Admission.Refusal) {
        switch admission {
        case .webSocketsPerAddress:
            self.init(
                .tooManyRequests, "there are too many WebSockets from your address", as: .webSocketsPerAddress)
        case .handshakesPerSecond, .connections, .connectionsPerAddress:
            self.init(
                .serviceUnavailable, "there are too many handshakes", fields: [.retryAfter: "1"],
                as: .handshakesPerSecond)
        }
    }

    /// The refusal of what the parser did not take.
    init(_ error: HTTPParserError) {
        let reason = Reason(error)
        switch error {
        case .headerOverflow:
            self.init(.requestHeaderFieldsTooLarge, "the request's header fields are too large", as: reason)
        case .invalidVersion: self.init(.httpVersionNotSupported, "HTTP/1.1 is spoken here", as: reason)
        default: self.init(.badRequest, "the request breaks HTTP's grammar", as: reason)
        }
    }

    /// The refusal that the application answered with. A route that is not for WebSocket answered well, and so must not be
    /// taken for one; an empty body becomes a line.
    init(_ response: HTTPResponse, body: ByteBuffer, of request: HTTPRequest, as reason: Reason = .route) {
        let path = request.path.map { $0.prefix { $0 != "?" } } ?? "/"
        switch response.status {
        case .notFound where body.readableBytes == 0:
            self.init(.notFound, "there is nothing at \(path)", as: reason)
        case let status where status.kind == .successful || status == .switchingProtocols:
            self.init(.badRequest, "there is no WebSocket at \(path)", as: reason)
        case let status where body.readableBytes == 0:
            self.init(status, status.reasonPhrase, fields: response.headerFields, as: reason)
        case let status:
            self.init(status, "", fields: response.headerFields, as: reason)
            self.fields[.contentType] = response.headerFields[.contentType]
            self.body = body
        }
    }

    /// The answer as it is written. The connection ends after it.
    var parts: (HTTPResponseHead, ByteBuffer) {
        var response = HTTPResponse(status: self.status, headerFields: self.fields)
        response.headerFields[.connection] = response.headerFields[.upgrade] == nil ? "close" : "Upgrade, close"
        response.headerFields[.contentLength] = String(self.body.readableBytes)
        response.headerFields[.transferEncoding] = nil
        return (HTTPResponseHead(response), self.body)
    }
}
