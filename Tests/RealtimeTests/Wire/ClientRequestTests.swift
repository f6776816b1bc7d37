import RealtimeCore
import TestSupport
import Testing

@testable import Realtime

@Suite("Requests of clients")
struct ClientRequestTests {
    private let room: RoomName
    private let position: Position

    init() throws {
        self.room = try RoomName("chat")
        self.position = try Position(parsing: "3w5e11264sg:12")
    }

    private func parse(_ text: String) throws(WireError) -> ClientRequest {
        try ClientRequest.parse(Array(text.utf8))
    }

    /// What is thrown, as a line.
    private func refusal(_ text: String) -> String {
        do throws(WireError) {
            return "\(try self.parse(text))"
        } catch {
            return "\(error.code.rawValue) \(error.id.map { String($0) } ?? "-"): \(error.message)"
        }
    }

    @Test func theProtocolsExamples() throws {
        var join = ClientRequest.Join(room: self.room, start: .after(self.position))
        #expect(
            try self.parse(#"{"type":"join","id":1,"room":"chat","after":12,"epoch":"3w5e11264sg"}"#)
                == .join(join, id: 1))
        join = ClientRequest.Join(
            room: self.room, start: .latest(50), presence: true, info: try json(#"{"name":"Ann"}"#))
        let text = #"{"type":"join","id":1,"room":"chat","history":50,"presence":true,"info":{"name":"Ann"}}"#
        #expect(try self.parse(text) == .join(join, id: 1))
        #expect(try self.parse(#"{"type":"leave","id":2,"room":"chat"}"#) == .leave(self.room, id: 2))
        let publish = ClientRequest.Publish(
            room: self.room, data: try json(#""hi""#), messageID: try MessageID("c0ffee-1"),
            key: try MessageKey("courier-3"))
        let publishText =
            #"{"type":"publish","id":3,"room":"chat","data":"hi","messageId":"c0ffee-1","key":"courier-3"}"#
        #expect(try self.parse(publishText) == .publish(publish, id: 3))
        #expect(try self.parse(#"{"type":"presence","id":4,"room":"chat"}"#) == .presence(self.room, id: 4))
        let info = #"{"type":"info","id":5,"room":"chat","info":{"name":"Ann","typing":true}}"#
        #expect(try self.parse(info) == .info(self.room, try json(#"{"name":"Ann","typing":true}"#), id: 5))
        #expect(try self.parse(#"{"type":"ping","id":6}"#) == .ping(id: 6))
    }

    @Test func defaultsAndOrder() throws {
        #expect(try self.parse(#"{"room":"chat","type":"join"}"#) == .join(.init(room: self.room), id: nil))
        #expect(try self.parse(#"{"type":"ping"}"#) == .ping(id: nil))
        #expect(try self.parse(#"{"id":18446744073709551615,"type":"ping"}"#) == .ping(id: .max))
        #expect(try self.parse(#"{"\u0074ype":"pi\u006eg","i\u0064":7}"#) == .ping(id: 7))
        #expect(try self.parse(#"{"type":"ping","more":{"type":1},"":[],"types":2,"typ":3,"id ":4}"#) == .ping(id: nil))
        let both = #"{"type":"join","room":"chat","history":9,"after":12,"epoch":"3w5e11264sg"}"#
        #expect(try self.parse(both) == .join(.init(room: self.room, start: .after(self.position)), id: nil))
        let all = #"{"type":"join","room":"chat","history":18446744073709551615}"#
        #expect(try self.parse(all) == .join(.init(room: self.room, start: .latest(.max)), id: nil))
    }

    @Test func dataIsPassedOnByteForByte() throws {
        for data in [
            #"{ "a" : 1.0e0, "a":"\u00e4\/ä" }"#, "[1,\n 2]", "null", "false", "-0.0", #""""#,
            "12345678901234567890123",
        ] {
            let request = try self.parse(#"{"type":"publish","data": \#(data) ,"room":"chat"}"#)
            #expect(request == .publish(.init(room: self.room, data: JSONText(checked: Array(data.utf8))), id: nil))
        }
    }

    @Test func namesAreUnescaped() throws {
        let request = try self.parse(#"{"type":"leave","room":"caf\u00e9 \ud83d\ude00\"ä"}"#)
        #expect(request == .leave(try RoomName("caf\u{E9} \u{1F600}\"ä"), id: nil))
    }

    @Test func whatIsNoRequest() {
        #expect(self.refusal("") == "invalid_request -: the JSON ends too early, at byte 0")
        #expect(self.refusal("[]") == "invalid_request -: that is no object of JSON, at byte 0")
        #expect(self.refusal(#"{"type":"ping","id":1"#) == "invalid_request -: the JSON ends too early, at byte 21")
        #expect(
            self.refusal(#"{"type":"ping","id":1}x"#)
                == "invalid_request -: there is something behind the JSON, at byte 22")
        #expect(
            self.refusal(#"{"type":"ping","id":1,"id":1}"#)
                == "invalid_request -: a member stands there twice, at byte 22")
        #expect(self.refusal(#"{"type":"ping","i\u0064":1,"id":1}"#).hasPrefix("invalid_request -: a member"))
        for id in ["-1", "1.0", "1e2", "18446744073709551616", "\"1\"", "null", "-0", "{}", "true"] {
            #expect(self.refusal(#"{"type":"ping","id":\#(id)}"#).hasPrefix("invalid_request -: 'id' must be"))
        }
        #expect(self.refusal(#"{"id":3}"#) == "invalid_request 3: 'type' is missing")
        #expect(self.refusal(#"{"id":3,"type":1}"#) == "invalid_request 3: 'type' must be a string")
        #expect(self.refusal(#"{"id":3,"type":"Ping"}"#) == "invalid_request 3: there is no such 'type'")
        #expect(self.refusal(#"{"id":3,"type":"welcome"}"#) == "invalid_request 3: there is no such 'type'")
    }

    @Test(arguments: ["join", "leave", "publish", "presence", "info"])
    func allButPingNeedARoom(_ type: String) {
        let start = #"{"type":"\#(type)","id":3,"data":1,"info":{}"#
        #expect(self.refusal(start + "}") == "invalid_room 3: 'room' is missing")
        #expect(self.refusal(start + #","room":5}"#) == "invalid_room 3: 'room' must be a string")
        #expect(self.refusal(start + #","room":""}"#) == "invalid_room 3: the room is empty")
        #expect(self.refusal(start + #","room":"a\u002fb"}"#) == "invalid_room 3: the room must not contain U+002F")
        #expect(self.refusal(start + #","room":".."}"#) == "invalid_room 3: the room must not be '.' or '..'")
        let long = String(repeating: "x", count: 129)
        #expect(
            self.refusal(start + #","room":"\#(long)"}"#) == "invalid_room 3: the room has 129 bytes, more than 128")
    }

    @Test func positions() {
        let start = #"{"type":"join","id":3,"room":"chat""#
        #expect(self.refusal(start + #","after":1}"#) == "invalid_position 3: 'after' needs 'epoch'")
        #expect(self.refusal(start + #","epoch":"a"}"#) == "invalid_position 3: 'epoch' needs 'after'")
        for after in ["-1", "1.0", "\"1\"", "null", "18446744073709551616"] {
            let line = self.refusal(start + #","epoch":"a","after":\#(after)}"#)
            #expect(line.hasPrefix("invalid_position 3: 'after' must be"))
        }
        for epoch in ["\"A\"", "\"\"", "\"0a\"", "\"zzzzzzzzzzzzz\"", "5"] {
            #expect(self.refusal(start + #","epoch":\#(epoch),"after":1}"#).hasPrefix("invalid_position 3: "))
        }
    }

    @Test func otherMembers() {
        let join = #"{"type":"join","id":3,"room":"chat""#
        for history in ["-1", "\"5\"", "1.5", "null"] {
            #expect(self.refusal(join + #","history":\#(history)}"#).hasPrefix("invalid_request 3: 'history' must be"))
        }
        #expect(self.refusal(join + #","presence":1}"#) == "invalid_request 3: 'presence' must be true or false")
        #expect(self.refusal(join + #","info":[]}"#) == "invalid_request 3: 'info' must be an object")
        let publish = #"{"type":"publish","id":3,"room":"chat""#
        #expect(self.refusal(publish + "}") == "invalid_request 3: 'data' is missing")
        #expect(self.refusal(publish + #","data":1,"messageId":""}"#) == "invalid_id 3: the message id is empty")
        #expect(self.refusal(publish + #","data":1,"messageId":7}"#) == "invalid_id 3: 'messageId' must be a string")
        #expect(
            self.refusal(publish + #","data":1,"key":"\u0000"}"#)
                == "invalid_key 3: the message key must not contain U+0000")
        #expect(self.refusal(#"{"type":"info","id":3,"room":"chat"}"#) == "invalid_request 3: 'info' is missing")
    }

    @Test func anInfoHasAtMostOneKibibyte() throws {
        let info = { (size: Int) in #"{"a":""# + String(repeating: "x", count: size - 8) + #""}"# }
        let request = try self.parse(#"{"type":"info","room":"chat","info":\#(info(1024))}"#)
        #expect(request == .info(self.room, try json(info(1024)), id: nil))
        let line = self.refusal(#"{"type":"info","room":"chat","info":\#(info(1025))}"#)
        #expect(line == "invalid_request -: 'info' has 1025 bytes, more than 1024")
    }

    /// Whatever comes, there is a request or an error.
    @Test func changedRequests() {
        var generator = Generator(seed: 1)
        let seed = Array(
            #"{"type":"join","id":1,"room":"ch\u00e4t","after":12,"epoch":"3w5e","info":{"a":[1,{}]},"data":"\ud83d\ude00"}"#
                .utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0...generator.below(4) { bytes[generator.below(bytes.count)] = UInt8(generator.below(256)) }
            let isTaken = (try? ClientRequest.parse(bytes)) != nil
            if isTaken { #expect(NaiveJSON.accepts(bytes), "\(bytes)") }
        }
    }
}
