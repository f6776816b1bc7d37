import ArgumentParser
import Realtime
import RealtimeCore
import Testing

@testable import duplex

@Suite struct PublishTests {
    @Test func options() throws {
        let standard = try Publish.parse(["ws://a/", "chat", "x"])
        #expect(standard.transport == .websocket && !standard.transport.isHTTP)
        let command = try Publish.parse([
            "ws://a/", "chat", "--data-json", "[1]", "--message-key", "k", "--message-id", "i", "--transport",
            "polling",
        ])
        #expect(command.transport.isHTTP)
        #expect(command.key == "k" && command.id == "i")
    }

    @Test(arguments: [
        ["x", "--after", "1"], ["x", "--data-json", "1"], ["--data-json", "{"], ["--message-id", "i"],
        ["x", "--lines-json"],
        ["--data-json", "1", "--lines-json"], ["x", "--message-id", "a b"], ["x", "--message-key", ""],
        ["x", "--as", ""],
    ]) func whatCannotBe(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try Publish.parse(["ws://a/", "chat"] + arguments) }
    }

    @Test func data() throws {
        #expect(try Publish.data("a\"\\\n\u{1}", isJSON: false).description == #""a\"\\\n\u0001""#)
        #expect(try Publish.data(#" {"a": 1} "#, isJSON: true).description == #"{"a": 1}"#)
        #expect(throws: (any Error).self) { try Publish.data("x", isJSON: true) }
    }

    @Test func guests() {
        #expect(Publish.guest(for: nil) != Publish.guest(for: nil))
        #expect(Publish.guest(for: "a") == Publish.guest(for: "a"))
        #expect(Publish.guest(for: "a") != Publish.guest(for: "b"))
    }

    @Test func drafts() throws {
        var draft = RoomDraft(data: try JSONText(checking: Array("[1]".utf8)), key: nil, id: try MessageID("i"))
        #expect(String(decoding: draft.body, as: UTF8.self) == #"{"data":[1]}"#)
        draft.key = try MessageKey("a\"")
        #expect(String(decoding: draft.body, as: UTF8.self) == #"{"data":[1],"key":"a\""}"#)
        let request = draft.request(7, in: try RoomName("chat"))
        #expect(
            String(decoding: request, as: UTF8.self)
                == #"{"type":"publish","id":7,"room":"chat","messageId":"i","data":[1],"key":"a\""}"#)
        let parsed = try ClientRequest.parse(request)
        #expect(
            parsed
                == .publish(
                    .init(room: try RoomName("chat"), data: draft.data, messageID: draft.id, key: draft.key), id: 7))
        let body = try PublishBody.parse(draft.body, idempotencyKey: "i")
        #expect(body.data == draft.data && body.key == draft.key)
    }
}
