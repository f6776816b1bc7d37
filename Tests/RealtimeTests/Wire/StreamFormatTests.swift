import RealtimeCore
import Testing

@testable import Realtime

@Suite("Streams")
struct StreamFormatTests {
    private let room: RoomName
    private let epoch: Epoch

    init() throws {
        self.room = try RoomName("chat")
        self.epoch = try Epoch(parsing: "3w5e11264sg")
    }

    private func at(_ offset: UInt64) -> Position { Position(epoch: self.epoch, offset: offset) }

    private func message(_ data: String) throws -> MessageWire {
        MessageWire(position: self.at(13), time: 1_764_067_200_123, from: try MemberID("ann"), data: try json(data))
    }

    /// All that a stream can have, in the protocol's order.
    private func stream(_ format: StreamFormat, _ data: String) throws -> String {
        let parts = [
            format.prologue, format.joined(room: self.room, position: self.at(12), recovered: true),
            format.message(try self.message(data), room: self.room), format.gap(room: self.room, position: self.at(97)),
            format.heartbeat,
        ]
        return text(Array(parts.joined()))
    }

    @Test func events() throws {
        let expected = """
            : duplex

            event: joined
            id: 3w5e11264sg:12
            data: {"room":"chat","epoch":"3w5e11264sg","offset":12,"recovered":true}

            id: 3w5e11264sg:13
            data: {"epoch":"3w5e11264sg","offset":13,"time":1764067200123,"from":"ann","data":"hi"}

            event: gap
            id: 3w5e11264sg:97
            data: {"room":"chat","epoch":"3w5e11264sg","offset":97}

            :


            """
        #expect(try self.stream(.events, #""hi""#) == expected)
        #expect(try self.stream(.events, "\"hi\"") == expected)
        // line breaks would end the field
        let broken = StreamFormat.events.message(try self.message("[1,\r\n\n2,\r3]"), room: self.room)
        #expect(text(broken).hasSuffix("\"data\":[1,2,3]}\n\n"))
        #expect(broken.filter { $0 == 0x0A || $0 == 0x0D }.count == 3)
    }

    @Test func lines() throws {
        let expected = """
            {"type":"joined","room":"chat","epoch":"3w5e11264sg","offset":12,"recovered":true}
            {"type":"message","room":"chat","epoch":"3w5e11264sg","offset":13,"time":1764067200123,"from":"ann","data":[1,2]}
            {"type":"gap","room":"chat","epoch":"3w5e11264sg","offset":97}


            """
        #expect(try self.stream(.lines, "[1,\n2]") == expected)
    }

    @Test func scripts() throws {
        let whole = try self.stream(.scripts(.standard), "[\"</script>\u{2028}\",\n1]")
        let lines = whole.utf8.split(separator: 0x0A).map { String($0) ?? "" }
        #expect(lines[0].utf8.count + 1 == 1024)
        #expect(lines[0].hasPrefix(#"<!doctype html><meta charset="utf-8"><title>duplex</title><!--"#))
        #expect(lines[0].hasSuffix("  -->"))
        #expect(
            Array(lines[1...]) == [
                #"<script>parent.duplex({"type":"joined","room":"chat","epoch":"3w5e11264sg","offset":12,"recovered":true})</script>"#,
                #"<script>parent.duplex({"type":"message","room":"chat","epoch":"3w5e11264sg","offset":13,"time":1764067200123,"from":"ann","data":["\u003c/script>\u2028",1]})</script>"#,
                #"<script>parent.duplex({"type":"gap","room":"chat","epoch":"3w5e11264sg","offset":97})</script>"#,
                "<!-- -->",
            ])
        let other = StreamFormat.scripts(try ScriptCallback("top.$a_1.f")).gap(room: self.room, position: self.at(1))
        #expect(text(other).hasPrefix("<script>top.$a_1.f({"))
        // a room's name is from outside, too
        let room = try RoomName("<!--")
        let gap = StreamFormat.scripts(.standard).gap(room: room, position: self.at(1))
        #expect(text(gap).contains(#""room":"\u003c!--""#))
        let proto = StreamFormat.scripts(.standard).message(try self.message(#"{"__proto__":1}"#), room: self.room)
        #expect(text(proto).hasPrefix(#"<script>parent.duplex(JSON.parse("{\"type\":\"message\","#))
        #expect(text(proto).hasSuffix(#"\"data\":{\"__proto__\":1}}"))</script>"# + "\n"))
    }

    @Test func onlyFramesOfOneselfMayHaveScripts() {
        let own = StreamFormat.scripts(.standard).fields()
        #expect(own.map(\.name) == ["Content-Security-Policy", "Cross-Origin-Opener-Policy"])
        #expect(
            own.map(\.value) == [
                "default-src 'none'; script-src 'unsafe-inline'; frame-ancestors 'self'", "same-origin",
            ])
        let origins = ["https://a.example", "*", "null", "https://b.example; script-src *", "http://c.example:8080"]
        let shared = StreamFormat.scripts(.standard).fields(allowing: origins)
        #expect(shared[0].value.hasSuffix("; frame-ancestors 'self' https://a.example http://c.example:8080"))
        #expect(StreamFormat.events.fields(allowing: ["https://a.example"]).isEmpty)
        #expect(StreamFormat.lines.fields().isEmpty)
    }

    @Test func callbacks() throws {
        for name in ["a", "parent.duplex", "$", "_", "a1.b2", "A.Z.z", String(repeating: "x", count: 64)] {
            #expect(try ScriptCallback(name).text == name)
        }
        let bad = [
            "", ".", "a.", ".a", "a..b", "1a", "a.1", "a b", "a(", "a;b", "a<", "ä", "a-b", "a\n", "a[0]", "a/b",
            String(repeating: "x", count: 65), "@", "`", "{", "[",
        ]
        for name in bad {
            #expect(throws: WireError.self, "\(name)") { try ScriptCallback(name) }
        }
    }

    @Test func formats() throws {
        #expect(try StreamFormat() == .events)
        #expect(try StreamFormat(accept: "*/*") == .events)
        #expect(try StreamFormat(accept: "text/html,application/xhtml+xml,*/*;q=0.8") == .scripts(.standard))
        #expect(try StreamFormat(accept: "application/json, Application/X-NDJSON ;q=1, text/html") == .lines)
        #expect(try StreamFormat(format: "sse", accept: "text/html") == .events)
        #expect(try StreamFormat(format: "ndjson", callback: "(") == .lines)
        #expect(try StreamFormat(format: "html", callback: "a.b") == .scripts(try ScriptCallback("a.b")))
        #expect(throws: WireError.self) { try StreamFormat(format: "html", callback: "(") }
        for format in ["", "SSE", "xml"] {
            #expect(throws: WireError.self) { try StreamFormat(format: format) }
        }
        #expect(StreamFormat.events.contentType == "text/event-stream")
        #expect(StreamFormat.lines.contentType == "application/x-ndjson")
        #expect(StreamFormat.scripts(.standard).contentType == "text/html; charset=utf-8")
    }
}
