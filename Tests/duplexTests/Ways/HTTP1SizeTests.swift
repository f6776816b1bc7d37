import HTTPTypes
import Testing

@testable import duplex

@Suite struct HTTP1SizeTests {
    @Test func aRequestsHead() {
        let text =
            "GET /rooms/ways/messages?after=1 HTTP/1.1\r\nHost: a:80\r\nAccept: */*\r\nX-Name: \u{e4}\r\nEmpty: \r\n\r\n"
        var request = HTTPRequest(method: .get, scheme: "http", authority: "a:80", path: "/rooms/ways/messages?after=1")
        request.headerFields = [.accept: "*/*", HTTPField.Name("X-Name")!: "\u{e4}", HTTPField.Name("Empty")!: ""]
        #expect(HTTP1Size.head(request) == text.utf8.count)
    }

    @Test func anAnswersHead() {
        let date = "Date: Wed, 25 Nov 2026 13:00:00 GMT\r\n"
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
        let response = HTTPResponse(status: .ok, headerFields: [.contentLength: "5"])
        func size(_ response: HTTPResponse, _ server: String? = nil, chunked: Bool = false, closes: Bool = false) -> Int
        {
            HTTP1Size.head(response, serverName: server, isChunked: chunked, closes: closes)
        }
        #expect(size(response) == (text + date + "\r\n").utf8.count)
        #expect(size(response, "duplex") == (text + date + "Server: duplex\r\n\r\n").utf8.count)
        #expect(size(response, closes: true) == (text + date + "Connection: close\r\n\r\n").utf8.count)
        let stream = HTTPResponse(status: .ok)
        #expect(
            size(stream, chunked: true)
                == ("HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\n\r\n").utf8.count)
        // A code without its words gets them.
        #expect(
            size(HTTPResponse(status: .init(code: 413)))
                == ("HTTP/1.1 413 Payload Too Large\r\n" + date + "\r\n").utf8.count)
        // What has no body says no length.
        let unchanged = HTTPResponse(status: .notModified, headerFields: [.contentLength: "0", .eTag: "\"a\""])
        #expect(size(unchanged) == ("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n" + date + "\r\n").utf8.count)
    }

    @Test(arguments: [(0, 0), (1, 1 + 5), (15, 15 + 5), (16, 16 + 6), (4096, 4096 + 8)])
    func chunks(_ count: Int, _ size: Int) {
        #expect(HTTP1Size.chunk(count) == size)
        #expect(HTTP1Size.lastChunk == 5)
    }
}
