import RealtimeCore
import Testing

@testable import Realtime

@Suite("What the server says")
struct ServerMessageTests {
    private let room: RoomName
    private let ann: MemberID

    init() throws {
        self.room = try RoomName("chat")
        self.ann = try MemberID("ann")
    }

    private func at(_ offset: UInt64) throws -> Position {
        Position(epoch: try Epoch(parsing: "3w5e11264sg"), offset: offset)
    }

    private func member(_ id: String, _ info: String) throws -> Member<JSONText> {
        Member(id: try MemberID(id), info: try json(info))
    }

    private func said(_ message: ServerMessage) -> String {
        // whatever it is, it is JSON
        #expect(NaiveJSON.accepts(message.json))
        return text(message.json)
    }

    @Test func welcome() throws {
        let session = SessionID(high: 0x5f2c, low: 7)
        #expect(
            self.said(.welcome(session: session, member: self.ann, resumed: false))
                == #"{"type":"welcome","session":"0000000000005f2c0000000000000007","member":"ann","resumed":false}"#)
        #expect(self.said(.welcome(session: session, member: self.ann, resumed: true)).hasSuffix(#","resumed":true}"#))
    }

    @Test func joiningAndLeaving() throws {
        #expect(
            self.said(.joined(id: 1, room: self.room, position: try self.at(12), recovered: true))
                == #"{"type":"joined","id":1,"room":"chat","epoch":"3w5e11264sg","offset":12,"recovered":true}"#)
        #expect(
            self.said(.joined(id: nil, room: self.room, position: try self.at(0), recovered: false))
                == #"{"type":"joined","room":"chat","epoch":"3w5e11264sg","offset":0,"recovered":false}"#)
        #expect(self.said(.left(id: 2, room: self.room)) == #"{"type":"left","id":2,"room":"chat"}"#)
    }

    @Test func messages() throws {
        let message = MessageWire(
            position: try self.at(13), time: 1_764_067_200_123, from: self.ann, data: try json(#""hi""#))
        #expect(
            self.said(.message(room: self.room, message))
                == #"{"type":"message","room":"chat","epoch":"3w5e11264sg","offset":13,"time":1764067200123,"from":"ann","data":"hi"}"#
        )
        #expect(
            self.said(.gap(room: self.room, position: try self.at(97)))
                == #"{"type":"gap","room":"chat","epoch":"3w5e11264sg","offset":97}"#)
    }

    @Test func aStoredMessage() throws {
        let message = MessageWire(
            position: try self.at(18), time: 1_764_067_200_123, from: self.ann, key: try MessageKey("courier-3"),
            data: try json(#"{"text":"hello"}"#))
        #expect(
            text(message.json)
                == #"{"epoch":"3w5e11264sg","offset":18,"time":1764067200123,"from":"ann","key":"courier-3","data":{"text":"hello"}}"#
        )
        let bare = MessageWire(position: try self.at(1), time: 0, data: try json("{\n \"a\": 1.0 }"))
        #expect(text(bare.json) == "{\"epoch\":\"3w5e11264sg\",\"offset\":1,\"time\":0,\"data\":{\n \"a\": 1.0 }}")
        #expect(text(bare.frame(in: self.room)).hasSuffix("\"data\":{\n \"a\": 1.0 }}"))
        #expect(text(bare.line) == #"{"epoch":"3w5e11264sg","offset":1,"time":0,"data":{ "a": 1.0 }}"#)
    }

    @Test func publishing() throws {
        #expect(
            self.said(.published(id: 3, room: self.room, position: try self.at(13), repeated: false))
                == #"{"type":"published","id":3,"room":"chat","epoch":"3w5e11264sg","offset":13}"#)
        #expect(
            self.said(.published(id: nil, room: self.room, position: try self.at(13), repeated: true))
                == #"{"type":"published","room":"chat","epoch":"3w5e11264sg","offset":13,"repeated":true}"#)
    }

    @Test func presence() throws {
        let members = [try self.member("ann", #"{"name":"Ann"}"#), try self.member("bob", "{}")]
        #expect(
            self.said(.presence(id: 4, room: self.room, count: 2, members: members))
                == #"{"type":"presence","id":4,"room":"chat","count":2,"members":[{"id":"ann","info":{"name":"Ann"}},{"id":"bob","info":{}}]}"#
        )
        #expect(
            self.said(.presence(id: nil, room: self.room, count: 0, members: []))
                == #"{"type":"presence","room":"chat","count":0,"members":[]}"#)
        let bob = try self.member("bob", #"{"name":"Bob"}"#)
        #expect(
            self.said(.member(room: self.room, .joined(bob)))
                == #"{"type":"member","room":"chat","change":"joined","member":{"id":"bob","info":{"name":"Bob"}}}"#)
        #expect(
            self.said(.member(room: self.room, .updated(bob))).contains(#","change":"updated","member":{"id":"bob""#))
        #expect(self.said(.member(room: self.room, .left(bob))).contains(#","change":"left","member":{"id":"bob""#))
        #expect(self.said(.updated(id: 5, room: self.room)) == #"{"type":"updated","id":5,"room":"chat"}"#)
    }

    @Test func atMostAThousandMembersAreListed() throws {
        let members = try (0..<1001).map { try self.member("m\($0)", "{}") }
        let list = self.said(.presence(id: nil, room: self.room, count: 1001, members: members))
        #expect(list.contains(#""count":1001,"#))
        #expect(list.hasSuffix(#"{"id":"m999","info":{}}]}"#))
    }

    @Test func theRest() {
        #expect(self.said(.pong(id: 6)) == #"{"type":"pong","id":6}"#)
        #expect(self.said(.pong(id: nil)) == #"{"type":"pong"}"#)
        let error = WireError(.forbidden, "ann may not publish here", id: 3)
        #expect(
            self.said(.error(error))
                == #"{"type":"error","id":3,"code":"forbidden","message":"ann may not publish here"}"#)
        #expect(
            self.said(.error(WireError(.unavailable, "\"\n")))
                == #"{"type":"error","code":"unavailable","message":"\"\n"}"#)
    }

    @Test func namesAreEscaped() throws {
        let room = try RoomName("a\"b ä")
        let bob = Member(id: try MemberID(#"b\o"b"#), info: JSONText.emptyObject)
        #expect(self.said(.left(id: nil, room: room)) == #"{"type":"left","room":"a\"b ä"}"#)
        #expect(self.said(.member(room: room, .left(bob))).contains(#"{"id":"b\\o\"b","info":{}}"#))
        let key = try MessageKey("\"")
        let message = MessageWire(position: try self.at(1), time: 1, from: bob.id, key: key, data: try json("1"))
        #expect(self.said(.message(room: room, message)).contains(#","from":"b\\o\"b","key":"\"","data":1}"#))
    }
}
