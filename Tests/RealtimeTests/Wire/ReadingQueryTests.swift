import RealtimeCore
import Testing

@testable import Realtime

@Suite("Queries and bodies")
struct ReadingQueryTests {
    @Test func defaults() throws {
        let query = try ReadingQuery()
        #expect(query.position == nil)
        #expect(query.history == nil)
        #expect(query.limit == 100)
        #expect(query.wait == 0)
        #expect(!query.latest)
        #expect(query.session == nil)
        #expect(query.start(orLatest: 7) == .latest(7))
    }

    @Test func values() throws {
        let session = String(repeating: "5f2c", count: 8)
        let query = try ReadingQuery(
            after: "12", epoch: "3w5e11264sg", history: "50", limit: "1000", wait: "55", latest: "1",
            session: session)
        #expect(query.latest)
        #expect(!(try ReadingQuery(latest: "0").latest))
        #expect(query.position == (try Position(parsing: "3w5e11264sg:12")))
        #expect(query.history == 50)
        #expect(query.limit == 1000)
        #expect(query.wait == 55)
        #expect(query.session?.text == session)
        #expect(query.start(orLatest: 7) == .after(try Position(parsing: "3w5e11264sg:12")))
        #expect(try ReadingQuery(history: "0", limit: "0", wait: "0").start(orLatest: 7) == .latest(0))
        #expect(try ReadingQuery(after: "18446744073709551615", epoch: "a").position?.offset == .max)
    }

    @Test func theLastEventCountsMore() throws {
        let last = try Position(parsing: "b:20")
        #expect(try ReadingQuery(after: "12", epoch: "a", lastEventID: "b:20").position == last)
        #expect(try ReadingQuery(history: "5", lastEventID: "b:20").start(orLatest: 0) == .after(last))
        #expect(try ReadingQuery(after: "12", epoch: "a", lastEventID: "").position == (try Position(parsing: "a:12")))
        #expect(throws: WireError(RealtimeError(.malformed(.position)))) { try ReadingQuery(lastEventID: "20") }
    }

    @Test func positions() {
        let code = { (after: String?, epoch: String?) -> WireError.Code? in
            do throws(WireError) {
                _ = try ReadingQuery(after: after, epoch: epoch)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code("1", nil) == .invalidPosition)
        #expect(code(nil, "a") == .invalidPosition)
        for after in ["", "+1", "-1", "01", "1.0", " 1", "1 ", "0x1", "18446744073709551616", "١"] {
            #expect(code(after, "a") == .invalidPosition, "\(after)")
        }
        for epoch in ["", "A", "0a", "a:1", "zzzzzzzzzzzzz"] {
            #expect(code("1", epoch) == .invalidPosition, "\(epoch)")
        }
    }

    @Test(arguments: ["", "+1", "-1", "01", "00", "1.0", " 1", "1e2", "0x1", "99999999999999999999", "١"])
    func numbersAreStrict(_ text: String) {
        #expect(throws: WireError(.invalidRequest, "'history' must be a whole number from 0 on")) {
            try ReadingQuery(history: text)
        }
        #expect(throws: WireError(.invalidRequest, "'limit' must be a whole number from 0 to 1000")) {
            try ReadingQuery(limit: text)
        }
        #expect(throws: WireError(.invalidRequest, "'wait' must be a whole number from 0 to 55")) {
            try ReadingQuery(wait: text)
        }
    }

    @Test func numbersHaveLimits() {
        #expect(throws: WireError.self) { try ReadingQuery(limit: "1001") }
        #expect(throws: WireError.self) { try ReadingQuery(wait: "56") }
        #expect(throws: WireError(RealtimeError(.malformed(.session)))) { try ReadingQuery(session: "5f2c") }
    }

    @Test func bodies() throws {
        let body = try PublishBody.parse(
            Array(#"{"data":{"text":"hello"},"key":"courier-3"}"#.utf8), idempotencyKey: "c0ffee-1")
        #expect(text(body.data.bytes) == #"{"text":"hello"}"#)
        #expect(body.key == (try MessageKey("courier-3")))
        #expect(body.messageID == (try MessageID("c0ffee-1")))
        // what is not named for it is ignored, whatever it is
        let bare = try PublishBody.parse(Array(#" {"id":"x","type":1,"room":2,"data":null} "#.utf8))
        #expect(bare == PublishBody(data: try json("null"), key: nil, messageID: nil))
    }

    @Test func badBodies() {
        let error = { (body: String, key: String?) -> String in
            do throws(WireError) {
                return "\(try PublishBody.parse(Array(body.utf8), idempotencyKey: key))"
            } catch {
                return "\(error.code.rawValue): \(error.message)"
            }
        }
        #expect(error("{}", nil) == "invalid_request: 'data' is missing")
        #expect(error("[]", nil) == "invalid_request: that is no object of JSON, at byte 0")
        #expect(error(#"{"data":1,"data":2}"#, nil) == "invalid_request: a member stands there twice, at byte 10")
        #expect(error(#"{"data":1,"key":5}"#, nil) == "invalid_key: 'key' must be a string")
        #expect(error(#"{"data":1,"key":""}"#, nil) == "invalid_key: the message key is empty")
        #expect(error(#"{"data":1}"#, "") == "invalid_id: the message id is empty")
        #expect(error(#"{"data":1}"#, "a b") == "invalid_id: the message id must not contain U+0020")
    }
}
