import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import WebSocketServer

extension RouterMethods where Context == ServeContext {
    /// `GET /ways/counters?id=PAGE`: what the meter has counted of a page, with the server's time and the process's CPU time.
    func wayCounters(_ meter: WayMeter) {
        self.get("/ways/counters") { request, _ in
            guard let page = request.uri.queryParameters["id"], WayReader.isPage(page) else {
                let lengths = WayReader.idLengths
                throw HTTPError(
                    .badRequest,
                    message: "'id' must be \(lengths.lowerBound) to \(lengths.upperBound) lower-case letters and digits"
                )
            }
            let report = WayReport(
                meter.counters(of: String(page)), pages: meter.openPages, http: Peer.current?.httpVersion ?? "1.1")
            return Response(
                status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: report.json)))
        }
    }
}
