import Foundation
import Testing

@testable import duplex

@Suite struct ChatMessageTests {
    private func decode(_ text: String) throws -> ChatRequest {
        try JSONDecoder().decode(ChatRequest.self, from: Data(text.utf8))
    }

    @Test func requests() throws {
        guard case .hello("Ann") = try self.decode(#"{"type":"hello","name":"Ann"}"#) else {
            Issue.record("not a hello")
            return
        }
        guard case .message("hi") = try self.decode(#"{"text":"hi","type":"message","more":1}"#) else {
            Issue.record("not a message")
            return
        }
        for bad in ["{}", "[]", #"{"type":"hello"}"#, #"{"type":"message","text":1}"#, #"{"type":"x"}"#, "", "hi"] {
            #expect(throws: (any Error).self) { try self.decode(bad) }
        }
    }

    @Test func eventsHoldOnlyWhatTheyHave() throws {
        let event = ChatEvent(type: "left", id: "7", name: "An\"n\n")
        let decoded = try JSONSerialization.jsonObject(with: Data(event.json.utf8)) as? [String: String]
        #expect(decoded == ["type": "left", "id": "7", "name": "An\"n\n"])
    }
}
