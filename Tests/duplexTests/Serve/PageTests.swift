import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import duplex

@Suite struct PageTests {
    @Test func allAreThereWithTheirTypes() {
        let paths = [
            "/", "/style.css", "/frame.js", "/chat.css", "/chat.js", "/match", "/match.css", "/match.js", "/locations",
            "/locations.css", "/locations.js", "/scene.js", "/ways", "/ways.css", "/ways.js", "/duplex.js",
            "/duplex.d.ts",
        ]
        #expect(Page.all.map(\.path) == paths)
        for page in Page.all {
            #expect(!page.bytes.isEmpty)
            let request = Request(
                head: HTTPRequest(method: .get, scheme: "http", authority: "a", path: page.path),
                body: RequestBody(buffer: ByteBuffer()))
            let response = page.response(to: request)
            #expect(response.status == .ok)
            #expect(response.headers[.contentType] == page.type)
            #expect(response.body.contentLength == page.bytes.count)
        }
    }

    /// Nothing comes from another server, neither by the pages nor by what the browser is told.
    @Test func nothingComesFromElsewhere() {
        // Types are not loaded by a page; their comments have an example.
        for page in Page.all where !page.path.hasSuffix(".d.ts") {
            let text = String(decoding: page.bytes, as: UTF8.self)
            let addresses = text.matches(of: /https?:\/\/[^\s"'<>]*/).map { String($0.output) }
            #expect(addresses.allSatisfy { $0.hasPrefix("http://www.w3.org/2000/svg") }, "\(addresses)")
        }
    }
}
