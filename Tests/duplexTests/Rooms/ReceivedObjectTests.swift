import Realtime
import RealtimeCore
import Testing

@testable import duplex

@Suite struct ReceivedObjectTests {
    private func object(_ text: String) throws -> ReceivedObject { try ReceivedObject(Array(text.utf8)) }

    @Test func members() throws {
        let object = try self.object(#" {"type":"a\u0062","n":18446744073709551615,"b":true,"d":{ "x" : 1.0 },"n":1} "#)
        #expect(object.string("type") == "ab")
        #expect(object.number("n") == .max)
        #expect(object.bool("b") == true)
        #expect(object.text("d")?.description == #"{ "x" : 1.0 }"#)
        #expect(object.object("d")?.text("x")?.description == "1.0")
        #expect(object.string("n") == nil)
        #expect(object.number("type") == nil)
        #expect(object.object("b") == nil)
        #expect(object.text("none") == nil)
    }

    @Test(arguments: ["", "[]", "{", #"{"a":1}x"#, #"{"a":01}"#]) func whatIsNone(_ text: String) {
        #expect(throws: JSONError.self) { try ReceivedObject(Array(text.utf8)) }
    }

    @Test func positions() throws {
        let position = try self.object(#"{"epoch":"1x","offset":7}"#).position
        #expect(position == Position(epoch: try Epoch(parsing: "1x"), offset: 7))
        for text in [
            #"{"epoch":"1x"}"#, #"{"offset":7}"#, #"{"epoch":"?","offset":7}"#, #"{"epoch":"1x","offset":-7}"#,
        ] {
            let position = try self.object(text).position
            #expect(position == nil, "\(text)")
        }
    }

    @Test func arrays() throws {
        let texts = [
            #"{"a":"]}\"[{\\"}"#, #"{"a":[{"b":[1,{}]},[]]}"#, "{}", #"{ "a" : "\\\\" }"#, #"{"a":"\u0022"}"#,
        ]
        let found = try self.object(#"{"list":[ \#(texts.joined(separator: " , ")) ]}"#).objects("list")
        #expect(found.map { String(decoding: $0.bytes, as: UTF8.self) } == texts)
        #expect(try self.object(#"{"list":[]}"#).objects("list") == [])
        #expect(try self.object(#"{"list":{}}"#).objects("list") == [])
        #expect(try self.object(#"{"list":[1,"x"]}"#).objects("list") == [])
        let list = try self.object(#"{"list":[[1]]}"#)
        #expect(throws: JSONError.self) { try list.objects("list") }
    }

    @Test func named() throws {
        let room = try RoomName("a\"b")
        let named = try self.object(#"{"offset":1,"data":"x"}"#).named("message", room: room)
        #expect(String(decoding: named, as: UTF8.self) == #"{"type":"message","room":"a\"b","offset":1,"data":"x"}"#)
        let empty = try self.object("{}").named("gap", room: room)
        #expect(String(decoding: empty, as: UTF8.self) == #"{"type":"gap","room":"a\"b"}"#)
    }
}
