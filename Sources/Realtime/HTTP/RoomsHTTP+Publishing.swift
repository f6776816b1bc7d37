import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import RealtimeCore
import WebSocketNIO

extension RoomsHTTP {
    /// `POST /rooms/{room}/messages`
    ///
    /// - Parameter maxBody: The largest body that the application takes.
    func publish(_ call: Call, maxBody: Int) async throws -> Response {
        // First of all: what is no JSON a page may send without asking (a form, say), and with its visitor's cookies.
        guard RoomsHTTP.isJSON(call.head) else {
            throw HTTPFailure(
                .unsupportedMediaType, "a message is published as \(HTTPAnswer.contentType), not compressed")
        }
        try self.allow(.publish, call)
        if let rate = self.hub.configuration.publishRate {
            let full = TokenBucket(rate: rate, burst: self.hub.configuration.publishBurst)
            guard self.rates.take(call.identity.scope, full: full, now: self.hub.now.nanoseconds) else {
                throw HTTPFailure(.rateLimited, "too many messages at once")
            }
        }
        let body = try await self.body(of: call, maxBody: maxBody)
        let publish = try PublishBody.parse(
            body.readableBytesUInt8Span, idempotencyKey: call.head.headerFields[.idempotencyKey])
        let message = NewMessage(
            data: publish.data.bytes, key: publish.key, id: publish.messageID, author: call.member,
            idScope: call.identity.scope)
        switch try await self.hub.publish(message, in: call.room) {
        case .stored(let position):
            return RoomsHTTP.json(
                HTTPAnswer.published(room: call.room, position: position, repeated: false), status: .created)
        case .repeated(let position):
            return RoomsHTTP.json(HTTPAnswer.published(room: call.room, position: position, repeated: true))
        case .refused(let error):
            throw error
        }
    }

    /// The body, if the room could take as much. A length that is told is looked at before anything is read.
    private func body(of call: Call, maxBody: Int) async throws -> ByteBuffer {
        let largest = self.hub.configuration.policy(call.room).settings.log.maxMessageSize
        let most = min(maxBody, max(0, largest).addingClamped(RoomsHTTPLimits.bodyOverhead))
        if let length = call.head.headerFields[.contentLength].flatMap({ Int($0) }), length > most {
            throw HTTPFailure(.messageTooBig, "a body of \(length) bytes, more than \(most)")
        }
        return try await call.request.body.collect(upTo: most)
    }

    private static func isJSON(_ head: HTTPRequest) -> Bool {
        let coding = head.headerFields[.contentEncoding]?.lowercased() ?? "identity"
        let type = (head.headerFields[.contentType] ?? "").prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        return coding == "identity" && type.lowercased() == HTTPAnswer.contentType
    }
}

extension HTTPField.Name {
    /// `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
}

extension Int {
    fileprivate func addingClamped(_ other: Int) -> Int {
        let (sum, isTooLarge) = self.addingReportingOverflow(other)
        return isTooLarge ? .max : sum
    }
}
