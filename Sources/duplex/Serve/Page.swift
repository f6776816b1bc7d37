import HTTPTypes
import Hummingbird
import NIOCore

/// A file of the web pages; all are built into the command.
struct Page: Sendable {
    let path: String
    let type: String
    let bytes: [UInt8]

    static let all = [
        Page(path: "/", type: "text/html; charset=utf-8", bytes: PackageResources.index_html),
        Page(path: "/style.css", type: "text/css; charset=utf-8", bytes: PackageResources.style_css),
        Page(path: "/frame.js", type: "text/javascript; charset=utf-8", bytes: PackageResources.frame_js),
        Page(path: "/chat.css", type: "text/css; charset=utf-8", bytes: PackageResources.chat_css),
        Page(path: "/chat.js", type: "text/javascript; charset=utf-8", bytes: PackageResources.chat_js),
        Page(path: "/match", type: "text/html; charset=utf-8", bytes: PackageResources.match_html),
        Page(path: "/match.css", type: "text/css; charset=utf-8", bytes: PackageResources.match_css),
        Page(path: "/match.js", type: "text/javascript; charset=utf-8", bytes: PackageResources.match_js),
        Page(path: "/locations", type: "text/html; charset=utf-8", bytes: PackageResources.locations_html),
        Page(path: "/locations.css", type: "text/css; charset=utf-8", bytes: PackageResources.locations_css),
        Page(path: "/locations.js", type: "text/javascript; charset=utf-8", bytes: PackageResources.locations_js),
        Page(path: "/scene.js", type: "text/javascript; charset=utf-8", bytes: PackageResources.scene_js),
        Page(path: "/ways", type: "text/html; charset=utf-8", bytes: PackageResources.ways_html),
        Page(path: "/ways.css", type: "text/css; charset=utf-8", bytes: PackageResources.ways_css),
        Page(path: "/ways.js", type: "text/javascript; charset=utf-8", bytes: PackageResources.ways_js),
        Page(path: "/duplex.js", type: "text/javascript; charset=utf-8", bytes: PackageResources.duplex_js),
        Page(path: "/duplex.d.ts", type: "text/plain; charset=utf-8", bytes: PackageResources.duplex_d_ts),
    ]

    /// The page, which may load only what this server has.
    func response(to request: Request) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: self.type,
                .cacheControl: "no-cache",
                .contentSecurityPolicy:
                    "default-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'",
                .xContentTypeOptions: "nosniff",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: self.bytes)))
    }
}
