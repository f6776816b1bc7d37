import HTTPTypes
public import Hummingbird
import NIOCore

extension RouterMethods {
    /// Adds `/healthz`, which is 200 as long as the process serves, and `/readyz`, which is 503 with the reason when the server wants
    /// no new connections.
    ///
    /// - Parameter readiness: Whether it wants some.
    @discardableResult
    public func health(_ readiness: Readiness) -> Self {
        for method in [HTTPRequest.Method.get, .head] {
            self.on("/healthz", method: method) { _, _ in Response(line: "ok", .ok) }
            self.on("/readyz", method: method) { _, _ in
                readiness.obstacle.map { Response(line: $0, .serviceUnavailable) } ?? Response(line: "ready", .ok)
            }
        }
        return self
    }
}

extension Response {
    fileprivate init(line: String, _ status: HTTPResponse.Status) {
        self.init(
            status: status, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: line + "\n")))
        if status == .serviceUnavailable { self.headers[.retryAfter] = "5" }
    }
}
