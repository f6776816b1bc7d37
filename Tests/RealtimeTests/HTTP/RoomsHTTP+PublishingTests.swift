import RealtimeCore
import TestSupport
import Testing

@testable import Realtime

@Suite(.timeLimit(.minutes(1))) struct PublishingTests {
    private let json = ["Content-Type": "application/json; charset=utf-8"]

    @Test func storesAMessage() async throws {
        try await RoomsServer.with { server in
            let answer = try await server.ask(
                "POST", "/rooms/chat/messages", self.json, body: #" { "data": [1,  2], "key":"k", "more": 1 } "#)
            let epoch = try await server.epoch()
            #expect(answer.status == 201)
            #expect(answer.body == #"{"room":"chat","epoch":"\#(epoch)","offset":1}"#)
            let reading = try await server.hub.read(server.chat, from: .oldest)
            let message = try #require(reading.messages.first)
            #expect(String(decoding: message.body.data, as: UTF8.self) == "[1,  2]")
            #expect(message.key?.text == "k")
            #expect(message.body.author?.text == "ann")
        }
    }

    @Test func storesItOnceWithAKey() async throws {
        try await RoomsServer.with { server in
            var fields = self.json
            fields["Idempotency-Key"] = "c0ffee-1"
            let epoch = try await server.epoch()
            let first = try await server.ask("POST", "/rooms/chat/messages", fields, body: #"{"data":1}"#)
            #expect(first.status == 201)
            let again = try await server.ask("POST", "/rooms/chat/messages", fields, body: #"{"data":1}"#)
            #expect(again.status == 200)
            #expect(again.body == #"{"room":"chat","epoch":"\#(epoch)","offset":1,"repeated":true}"#)
            let other = try await server.ask("POST", "/rooms/chat/messages", fields, body: #"{"data":2}"#)
            #expect(other.status == 409)
            #expect(other.body.hasPrefix(#"{"error":{"code":"id_reused","#))
        }
    }

    @Test(arguments: [
        #"{"data":1"#, "1", #"{"key":"k"}"#, #"{"data":1,"data":2}"#, #"{"data":1,"key":7}"#, "",
    ])
    func refusesWhatIsNoMessage(_ body: String) async throws {
        try await RoomsServer.with { server in
            let answer = try await server.ask("POST", "/rooms/chat/messages", self.json, body: body)
            #expect(answer.status == 400)
            #expect(answer.body.hasPrefix(#"{"error":{"code":"invalid_"#))
            #expect(answer.values("Content-Type") == ["application/json"])
        }
    }

    @Test(arguments: [
        [:], ["Content-Type": "text/plain"], ["Content-Type": "application/jsonp"],
        ["Content-Type": "application/json", "Content-Encoding": "gzip"],
    ])
    func refusesOtherMediaTypes(_ fields: [String: String]) async throws {
        try await RoomsServer.with { server in
            let answer = try await server.ask("POST", "/rooms/chat/messages", fields, body: #"{"data":1}"#)
            #expect(answer.status == 415)
            #expect(answer.body.hasPrefix(#"{"error":{"code":"unsupported_media_type","#))
            #expect(try await server.hub.read(server.chat, from: .oldest).messages.isEmpty)
        }
    }

    @Test func refusesWhatIsTooBig() async throws {
        var room = RoomPolicy()
        room.settings.log.maxMessageSize = 100
        let policy = room
        try await RoomsServer.with(configuration: HubConfiguration(policy: { _ in policy })) { server in
            // As large as the room takes, with a key that is all escapes.
            let key = String(repeating: #"\u0041"#, count: 128)
            let data = "\"" + String(repeating: "x", count: 98) + "\""
            let fits = try await server.ask(
                "POST", "/rooms/chat/messages", self.json, body: #"{"data":\#(data),"key":"\#(key)"}"#)
            #expect(fits.status == 201)
            let tooBig = try await server.ask(
                "POST", "/rooms/chat/messages", self.json, body: #"{"data":"x\#(data.dropFirst())}"#)
            #expect(tooBig.status == 413)
            #expect(tooBig.body.hasPrefix(#"{"error":{"code":"message_too_big","#))
            // That is known before anything is read.
            var fields = self.json
            fields["Content-Length"] = "2149"
            let told = try await server.ask("POST", "/rooms/chat/messages", fields)
            #expect(told.status == 413)
            // This only while it is.
            fields = self.json
            fields["Transfer-Encoding"] = "chunked"
            let chunk = "100\r\n" + String(repeating: " ", count: 256) + "\r\n"
            let chunked = try await server.ask(
                "POST", "/rooms/chat/messages", fields, body: String(repeating: chunk, count: 9) + "0\r\n\r\n")
            #expect(chunked.status == 413)
            #expect(chunked.body.hasPrefix(#"{"error":{"code":"message_too_big","#))
        }
    }

    @Test func publishesNoFasterThanItMay() async throws {
        try await RoomsServer.with(configuration: HubConfiguration(publishRate: 1, publishBurst: 2)) { server in
            for status in [201, 201, 429] {
                let answer = try await server.ask("POST", "/rooms/chat/messages", self.json, body: #"{"data":1}"#)
                #expect(answer.status == status)
                #expect(answer.values("Retry-After") == (status == 429 ? ["1"] : []))
            }
            // Another member has its own rate.
            let other = try await server.ask(
                "POST", "/rooms/chat/messages", self.json, body: #"{"data":1}"#, as: "bob")
            #expect(other.status == 201)
            server.time.advance(seconds: 1)
            let later = try await server.ask("POST", "/rooms/chat/messages", self.json, body: #"{"data":1}"#)
            #expect(later.status == 201)
        }
    }

    @Test func aRoomThatIsReadHasARate() async throws {
        let policy = RoomPolicy(publishRate: 1, publishBurst: 1)
        try await RoomsServer.with(configuration: HubConfiguration(policy: { _ in policy })) { server in
            try await RawConnection.with(port: server.server.port) { connection in
                try await connection.ask("GET", "/rooms/chat/stream")
                _ = try await connection.readHead()
                for status in [201, 429] {
                    let answer = try await server.ask("POST", "/rooms/chat/messages", self.json, body: #"{"data":1}"#)
                    #expect(answer.status == status)
                }
            }
        }
    }
}
