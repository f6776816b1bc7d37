import RealtimeCore
import Testing

@testable import Realtime

@Suite("Answers over HTTP")
struct HTTPAnswerTests {
    private let room: RoomName
    private let epoch: Epoch

    init() throws {
        self.room = try RoomName("chat")
        self.epoch = try Epoch(parsing: "3w5e11264sg")
    }

    private func at(_ offset: UInt64) -> Position { Position(epoch: self.epoch, offset: offset) }

    @Test func polling() throws {
        let messages = [
            MessageWire(position: self.at(13), time: 1_764_067_200_123, data: try json(#""hi""#)),
            MessageWire(position: self.at(14), time: 1_764_067_200_999, data: try json(#""hello""#)),
        ]
        let answer = HTTPAnswer.messages(room: self.room, position: self.at(14), recovered: true, more: false, messages)
        #expect(
            text(answer)
                == #"{"room":"chat","epoch":"3w5e11264sg","offset":14,"recovered":true,"more":false,"messages":[{"epoch":"3w5e11264sg","offset":13,"time":1764067200123,"data":"hi"},{"epoch":"3w5e11264sg","offset":14,"time":1764067200999,"data":"hello"}]}"#
        )
        let empty = HTTPAnswer.messages(room: self.room, position: self.at(0), recovered: false, more: true, [])
        #expect(
            text(empty)
                == #"{"room":"chat","epoch":"3w5e11264sg","offset":0,"recovered":false,"more":true,"messages":[]}"#)
    }

    @Test func publishing() {
        let new = HTTPAnswer.published(room: self.room, position: self.at(13), repeated: false)
        #expect(text(new) == #"{"room":"chat","epoch":"3w5e11264sg","offset":13}"#)
        let repeated = HTTPAnswer.published(room: self.room, position: self.at(13), repeated: true)
        #expect(text(repeated) == #"{"room":"chat","epoch":"3w5e11264sg","offset":13,"repeated":true}"#)
    }

    @Test func members() throws {
        let ann = Member(id: try MemberID("ann"), info: try json(#"{"name":"Ann"}"#))
        let answer = HTTPAnswer.members(room: self.room, count: 2, [ann])
        #expect(text(answer) == #"{"room":"chat","count":2,"members":[{"id":"ann","info":{"name":"Ann"}}]}"#)
    }

    @Test func errors() {
        let answer = HTTPAnswer.error(WireError(.forbidden, "ann may not publish here", id: 3))
        #expect(text(answer) == #"{"error":{"code":"forbidden","message":"ann may not publish here"}}"#)
    }

    @Test func entityTags() {
        let tag = EntityTag.text(self.at(14))
        #expect(tag == #""3w5e11264sg:14""#)
        for field in [tag, "W/" + tag, "\"x\", " + tag, " \t" + tag + " ", "W/\"y\",W/" + tag + ",\"z\""] {
            #expect(EntityTag.isMatched(self.at(14), by: field), "\(field)")
        }
        for field in ["", "*", "3w5e11264sg:14", #""3w5e11264sg:1""#, "w/" + tag, "x" + tag, tag + "x", ","] {
            #expect(!EntityTag.isMatched(self.at(14), by: field), "\(field)")
        }
    }
}
