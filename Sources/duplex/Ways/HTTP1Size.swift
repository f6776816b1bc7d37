import HTTPTypes
import NIOHTTP1

/// How many bytes requests and answers have as HTTP/1.1 writes them (RFC 9112). Over HTTP/2 heads are compressed, and smaller.
enum HTTP1Size {
    /// `Date` (RFC 9110, section 5.6.7), which each answer gets when it is written.
    static let date = "Date: Wed, 26 Nov 2025 12:00:00 GMT\r\n".utf8.count
    /// What says that the length is not known.
    static let chunked = "Transfer-Encoding: chunked\r\n".utf8.count
    /// What answers the client's `Connection: close`.
    static let close = "Connection: close\r\n".utf8.count
    /// The empty chunk at the end.
    static let lastChunk = "0\r\n\r\n".utf8.count

    /// A request's head.
    static func head(_ request: HTTPRequest) -> Int {
        let line = request.method.rawValue.utf8.count + 1 + (request.path ?? "").utf8.count + " HTTP/1.1\r\n".utf8.count
        let host = request.authority.map { "Host: \r\n".utf8.count + $0.utf8.count } ?? 0
        return line + host + self.fields(request.headerFields) + 2
    }

    /// An answer's head, with what is added behind the middleware.
    ///
    /// - Parameters:
    ///   - response: The head as the middleware sees it.
    ///   - serverName: What the Server field will say; nil for no such field.
    ///   - isChunked: Whether the body has no length.
    ///   - closes: Whether the client asked for the connection's end.
    static func head(_ response: HTTPResponse, serverName: String?, isChunked: Bool, closes: Bool) -> Int {
        // SwiftNIO's words for the codes that it knows.
        let status = HTTPResponseStatus(statusCode: response.status.code, reasonPhrase: response.status.reasonPhrase)
        let reason = status.reasonPhrase.utf8.count
        var fields = response.headerFields
        // What an answer without a body must not say, and is taken out when it is written.
        if !status.mayHaveResponseBody { fields[.contentLength] = nil }
        return "HTTP/1.1 200 \r\n".utf8.count + reason + self.fields(fields) + 2 + self.date
            + (serverName.map { "Server: \r\n".utf8.count + $0.utf8.count } ?? 0)
            + (isChunked ? self.chunked : 0) + (closes ? self.close : 0)
    }

    /// A chunk; an empty one is not written.
    static func chunk(_ count: Int) -> Int {
        count == 0 ? 0 : String(count, radix: 16).utf8.count + 2 + count + 2
    }

    private static func fields(_ fields: HTTPFields) -> Int {
        fields.reduce(0) { sum, field in
            sum + field.name.rawName.utf8.count + 2 + field.withUnsafeBytesOfValue { $0.count } + 2
        }
    }
}
