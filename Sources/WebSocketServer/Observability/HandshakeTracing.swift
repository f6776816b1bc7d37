import HTTPTypes
import NIOCore
import Tracing

/// Makes spans of handshakes, where somebody traces.
struct HandshakeTracing: Sendable {
    /// The name of each span. Not the path's, of which strangers can make many.
    static let spanName = "websocket handshake"

    private let instrument: any Instrument
    private let tracer: any Tracer

    /// Takes the instrument that swift-distributed-tracing was told of; nil without one. Asking takes a lock, so a server asks once.
    init?() {
        let instrument = InstrumentationSystem.instrument
        guard !(instrument is NoOpInstrument || instrument is NoOpTracer) else { return nil }
        self.instrument = instrument
        self.tracer = InstrumentationSystem.tracer
    }

    /// Begins the span of a handshake, below the one that the request names.
    func begin(_ attempt: UpgradeAttempt) -> HandshakeSpan {
        var context = ServiceContext.current ?? .topLevel
        self.instrument.extract(attempt.request.headerFields, into: &context, using: FieldExtractor())
        let span = self.tracer.startAnySpan(HandshakeTracing.spanName, context: context, ofKind: .server)
        if span.isRecording {
            span.updateAttributes { attributes in
                // A CONNECT is shown to the application as a GET; here it is what it was.
                let isConnect = attempt.offer.acceptance == .ok
                attributes["http.request.method"] =
                    (isConnect ? HTTPRequest.Method.connect : attempt.request.method).rawValue
                // Without the query: a browser's page can set no header field, so tokens are there.
                attributes["url.path"] = attempt.request.path.map { String($0.prefix { $0 != "?" }) }
                attributes["network.protocol.version"] = attempt.peer.httpVersion
                attributes["client.address"] = attempt.clientAddress?.ipAddress
                attributes["duplex.connection.id"] = attempt.peer.connectionID
            }
        }
        return HandshakeSpan(span)
    }
}

/// The span of one handshake. It is ended once, by one of the methods that say how the handshake did.
struct HandshakeSpan: Sendable {
    private let span: any Span

    init(_ span: any Span) {
        self.span = span
    }

    /// What belongs below the span runs with this.
    var context: ServiceContext { self.span.context }

    /// The upgrade was accepted.
    func accepted(_ status: HTTPResponse.Status, subprotocol: String?) {
        self.span.attributes["http.response.status_code"] = status.code
        self.span.attributes["websocket.subprotocol"] = subprotocol
        self.span.end()
    }

    /// It was refused. That is an error where it is the server's fault, whoever threw what.
    ///
    /// - Parameters:
    ///   - status: The answer's status.
    ///   - error: What the route threw, if it did.
    func refused(_ status: HTTPResponse.Status, error: (any Error)? = nil) {
        self.span.attributes["http.response.status_code"] = status.code
        if status.kind == .serverError {
            self.span.attributes["error.type"] = error.map { "\(type(of: $0))" } ?? String(status.code)
            if let error { self.span.recordError(error) }
            self.span.setStatus(SpanStatus(code: .error))
        }
        self.span.end()
    }

    /// There was nobody left to answer, or the connection could not be made a WebSocket.
    func failed(_ error: any Error) {
        self.span.attributes["error.type"] = "\(type(of: error))"
        self.span.recordError(error)
        self.span.setStatus(SpanStatus(code: .error))
        self.span.end()
    }
}

/// Reads what a caller says about its span (`traceparent`, say) from a request's header fields.
private struct FieldExtractor: Extractor {
    func extract(key: String, from fields: HTTPFields) -> String? {
        HTTPField.Name(key).flatMap { fields[$0] }
    }
}
