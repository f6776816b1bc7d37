import HTTPTypes
import Hummingbird
import NIOCore
import RealtimeCore

/// Why a request is not answered as it was meant: a status, and the protocol's words.
struct HTTPFailure: Error {
    var status: HTTPResponse.Status
    var error: WireError
    var fields: HTTPFields = [:]

    /// What the protocol has a status for.
    init(_ error: WireError) {
        self.init(HTTPResponse.Status(code: error.code.status), error)
    }

    init(_ code: WireError.Code, _ message: String) {
        self.init(WireError(code, message))
    }

    /// An application's refusal, with the code that comes next to its status.
    init(_ status: HTTPResponse.Status, _ message: String, fields: HTTPFields = [:]) {
        // What is no refusal would be taken for an answer.
        let status = status.code >= 400 ? status : .forbidden
        self.init(status, WireError(HTTPFailure.code(for: status), message))
        for name in Set(fields.map(\.name)) { self.fields[fields: name] = fields[fields: name] }
    }

    private init(_ status: HTTPResponse.Status, _ error: WireError) {
        self.status = status
        self.error = error
        switch status.code {
        case 429: self.fields[.retryAfter] = String(RoomsHTTPLimits.retryAfterRate)
        case 503: self.fields[.retryAfter] = String(RoomsHTTPLimits.retryAfterFailure)
        default: break
        }
    }

    /// The method is none of the path's.
    static func method(allowing methods: [HTTPRequest.Method]) -> HTTPFailure {
        let methods = methods.map(\.rawValue).joined(separator: ", ")
        return HTTPFailure(.methodNotAllowed, "this path has the methods \(methods)", fields: [.allow: methods])
    }

    /// What was thrown; nil for what is none of a client's business.
    init?(_ error: any Error) {
        switch error {
        case let failure as HTTPFailure: self = failure
        case let error as WireError: self.init(error)
        case let error as RealtimeError: self.init(WireError(error))
        case let error as BrokerError: self.init(WireError(error))
        case is NIOTooManyBytesError: self.init(.messageTooBig, "the body is too big")
        case let error as HTTPError:
            self.init(error.status, error.body ?? error.status.reasonPhrase, fields: error.headers)
        default: return nil
        }
    }

    private static func code(for status: HTTPResponse.Status) -> WireError.Code {
        switch status.code {
        case 401: .unauthorized
        case 403: .forbidden
        case 404, 410: .notFound
        case 413: .messageTooBig
        case 415: .unsupportedMediaType
        case 429: .rateLimited
        case 500...: .unavailable
        default: .invalidRequest
        }
    }

    /// The answer.
    var response: Response {
        var fields = self.fields
        fields[.contentType] = HTTPAnswer.contentType
        return Response(
            status: self.status, headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: HTTPAnswer.error(self.error))))
    }
}
