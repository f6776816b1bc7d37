import RealtimeCore
import TestSupport
import Testing

@testable import Realtime

@Suite(.timeLimit(.minutes(1))) struct PollingTests {
    @Test func readsBehindAPosition() async throws {
        try await RoomsServer.with { server in
            for data in ["1", #"{"a": "ä"}"#, "3"] { try await server.publish(data) }
            let epoch = try await server.epoch()
            let answer = try await server.ask("GET", "/rooms/chat/messages?after=1&epoch=\(epoch)&limit=1")
            #expect(answer.status == 200)
            #expect(answer.values("Content-Type") == ["application/json"])
            #expect(answer.values("Cache-Control") == ["no-store"])
            #expect(answer.values("X-Content-Type-Options") == ["nosniff"])
            #expect(answer.values("ETag") == ["\"\(epoch):2\""])
            let message = #"{"epoch":"\#(epoch)","offset":2,"time":1000,"data":{"a": "ä"}}"#
            let expected =
                #"{"room":"chat","epoch":"\#(epoch)","offset":2,"recovered":true,"more":true,"messages":[\#(message)]}"#
            #expect(answer.body == expected)
        }
    }

    @Test func readsTheNewestWithoutAPosition() async throws {
        try await RoomsServer.with { server in
            for number in 1...150 { try await server.publish("\(number)") }
            let hundred = try await server.ask("GET", "/rooms/chat/messages")
            #expect(hundred.body.contains(#""offset":51,"#) && !hundred.body.contains(#""offset":50,"#))
            #expect(hundred.body.contains(#""more":false"#))
            let two = try await server.ask("GET", "/rooms/chat/messages?limit=2")
            #expect(two.body.contains(#""offset":149,"#) && !two.body.contains(#""offset":148,"#))
        }
    }

    @Test func readsOnlyTheNewestOfEachKey() async throws {
        try await RoomsServer.with { server in
            for number in 1...300 { try await server.publish("\(number)", key: number == 299 ? nil : "\(number % 3)") }
            let epoch = try await server.epoch()
            func offsets(_ query: String) async throws -> [Substring] {
                let body = try await server.ask("GET", "/rooms/chat/messages?\(query)").body
                return body.matches(of: /"offset":(\d+)/).map(\.output.1)
            }
            // The position first. 100 messages would be those up to 101.
            let all = try await offsets("after=1&epoch=\(epoch)&latest=1")
            #expect(all == ["300", "296", "298", "299", "300"])
            let newest = try await offsets("limit=4&latest=1")
            #expect(newest == ["300", "296", "298", "299", "300"])
            let two = try await offsets("limit=2&latest=1")
            #expect(two == ["300", "299", "300"])
            let first = try await offsets("after=1&epoch=\(epoch)&latest=1&limit=2")
            #expect(first == ["298", "296", "298"])
            let second = try await offsets("after=298&epoch=\(epoch)&latest=1&limit=2")
            #expect(second == ["300", "299", "300"])
            let none = try await offsets("after=1&epoch=\(epoch)&latest=0&limit=3")
            #expect(none == ["4", "2", "3", "4"])
        }
    }

    @Test func saysThatSomethingIsMissing() async throws {
        try await RoomsServer.with { server in
            try await server.publish("1")
            let answer = try await server.ask("GET", "/rooms/chat/messages?after=7&epoch=abc&wait=20")
            #expect(answer.body.contains(#""offset":1,"recovered":false,"more":false,"messages":[{"#))
            // Without messages that has to be said, too, and at once.
            let empty = try await server.ask("GET", "/rooms/other/messages?after=7&epoch=abc&wait=20")
            #expect(empty.body.contains(#""offset":0,"recovered":false,"more":false,"messages":[]"#))
        }
    }

    @Test func nothingNewIsNotModified() async throws {
        try await RoomsServer.with { server in
            try await server.publish("1")
            let epoch = try await server.epoch()
            let path = "/rooms/chat/messages?after=1&epoch=\(epoch)"
            let tag = "\"\(epoch):1\""
            for sent in [tag, "W/\(tag)", "\"x\", \(tag)"] {
                let answer = try await server.ask("GET", path, ["If-None-Match": sent])
                #expect(answer.status == 304)
                #expect(answer.values("ETag") == [tag])
                #expect(answer.body == "")
                #expect(answer.values("Cache-Control") == ["no-store"])
            }
            try await server.publish("2")
            #expect(try await server.ask("GET", path, ["If-None-Match": tag]).status == 200)
            // What is missing is said, whatever the client has.
            let gap = try await server.ask(
                "GET", "/rooms/chat/messages?after=9&epoch=\(epoch)", ["If-None-Match": "\"\(epoch):2\""])
            #expect(gap.status == 200 && gap.body.contains(#""recovered":false"#))
        }
    }

    @Test func waitsForAMessage() async throws {
        try await RoomsServer.with { server in
            let epoch = try await server.epoch()
            try await RawConnection.with(port: server.server.port) { connection in
                // With a tag, too: what waits is not answered as not modified.
                try await connection.ask(
                    "GET", "/rooms/chat/messages?after=0&epoch=\(epoch)&wait=55", ["If-None-Match": "\"\(epoch):0\""])
                #expect(await server.clock.slept() == .seconds(55))
                #expect(server.http.held.count == 1)
                try await server.publish(#""hi""#)
                let answer = try await connection.readAnswer()
                #expect(answer.body.contains(#""messages":[{"epoch":"\#(epoch)","offset":1,"time":1000,"data":"hi"}]"#))
                #expect(await server.released.next() == server.chat)
                #expect(server.http.held.count == 0)
                // The connection goes on.
                try await connection.ask("GET", "/rooms/chat/messages?after=1&epoch=\(epoch)")
                #expect(try await connection.readAnswer().body.contains(#""messages":[]"#))
            }
        }
    }

    @Test func comesEmptyWhenNothingComes() async throws {
        try await RoomsServer.with { server in
            try await RawConnection.with(port: server.server.port) { connection in
                try await connection.ask("GET", "/rooms/chat/messages?wait=3")
                #expect(await server.clock.passSleep() == .seconds(3))
                let answer = try await connection.readAnswer()
                #expect(answer.status == 200)
                #expect(answer.body.contains(#""offset":0,"recovered":true,"more":false,"messages":[]"#))
            }
        }
    }

    @Test func comesEmptyWhenTheServerGoes() async throws {
        try await RoomsServer.with { server in
            try await RawConnection.with(port: server.server.port) { connection in
                try await connection.ask("GET", "/rooms/chat/messages?wait=55")
                _ = await server.clock.slept()
                await server.server.shutDown()
                #expect(try await connection.readAnswer().body.contains(#""messages":[]"#))
            }
        }
    }

    @Test func doesNotWaitWithoutRoomForAMessage() async throws {
        try await RoomsServer.with { server in
            let answer = try await server.ask("GET", "/rooms/chat/messages?wait=55&limit=0")
            #expect(answer.body.contains(#""messages":[]"#))
        }
    }

    @Test func goesOnWhereTheSessionIs() async throws {
        try await RoomsServer.with { server in
            for data in ["1", "2", "3"] { try await server.publish(data) }
            let (loop, connection) = (FakeLoop(), FakeConnection())
            let client = server.hub.connect(connection, on: loop, as: Identity(member: try MemberID("ann")))
            client.say(#"{"type":"join","room":"chat","history":1}"#)
            loop.run()
            let session = try #require(client.session)
            client.closed()
            try await server.publish("4")
            let answer = try await server.ask("GET", "/rooms/chat/messages?session=\(session.text)")
            #expect(answer.body.contains(#""offset":4,"#) && !answer.body.contains(#""offset":3,"#))
            // The client's own position counts more.
            let epoch = try await server.epoch()
            let own = try await server.ask(
                "GET", "/rooms/chat/messages?session=\(session.text)&after=1&epoch=\(epoch)")
            #expect(own.body.contains(#""offset":2,"#))
        }
    }

    @Test func compressesWhatIsWorthIt() async throws {
        try await RoomsServer.with { server in
            let data = "\"" + String(repeating: "hello ", count: 500) + "\""
            try await server.publish(data)
            let epoch = try await server.epoch()
            try await RawConnection.with(port: server.server.port) { connection in
                try await connection.ask("GET", "/rooms/chat/messages", ["Accept-Encoding": "br, gzip"])
                let answer = RawConnection.Answer(head: try await connection.readHead(), body: "")
                #expect(answer.values("Content-Encoding") == ["gzip"])
                #expect(answer.values("ETag") == ["W/\"\(epoch):1\""])
                #expect(answer.values("Vary") == ["Origin, Accept-Encoding"])
                let length = try #require(answer.values("Content-Length").first.flatMap { Int($0) })
                #expect(length < 500)
                let bytes = try await connection.read(length)
                #expect(try inflated(bytes).contains(data))
            }
            let plain = try await server.ask("GET", "/rooms/chat/messages", ["Accept-Encoding": "gzip;q=0"])
            #expect(plain.values("Content-Encoding") == [] && plain.body.contains(data))
            #expect(plain.values("Vary") == ["Origin, Accept-Encoding"])
            let small = try await server.ask(
                "GET", "/rooms/chat/messages?after=1&epoch=\(epoch)", ["Accept-Encoding": "gzip"])
            #expect(small.values("Content-Encoding") == [])
        }
    }

    @Test func aHeadHasNoBody() async throws {
        try await RoomsServer.with { server in
            try await server.publish("1")
            let get = try await server.ask("GET", "/rooms/chat/messages")
            let head = try await server.ask("HEAD", "/rooms/chat/messages")
            #expect(head.status == 200)
            #expect(head.values("ETag") == get.values("ETag"))
            #expect(head.values("Content-Length") == ["\(get.body.utf8.count)"])
        }
    }

    @Test(arguments: [
        ("after=1", "invalid_position"), ("after=x&epoch=abc", "invalid_position"), ("limit=1001", "invalid_request"),
        ("wait=56", "invalid_request"), ("latest=2", "invalid_request"), ("session=1", "invalid_session"),
    ])
    func refusesWhatIsNoQuery(_ query: String, _ code: String) async throws {
        try await RoomsServer.with { server in
            let answer = try await server.ask("GET", "/rooms/chat/messages?\(query)")
            #expect(answer.status == 400)
            #expect(answer.body.hasPrefix(#"{"error":{"code":"\#(code)","message":""#))
        }
    }

    @Test func waitsForNoMoreThanItsLimit() async throws {
        var settings = RoomsHTTPSettings()
        settings.maxHeldPerMember = 1
        settings.maxHeld = 2
        try await RoomsServer.with(settings: settings) { server in
            try await RawConnection.with(port: server.server.port) { first in
                try await first.ask("GET", "/rooms/chat/messages?wait=55")
                _ = await server.clock.slept()
                let again = try await server.ask("GET", "/rooms/chat/messages?wait=55")
                #expect(again.status == 429 && again.values("Retry-After") == ["1"])
                try await RawConnection.with(port: server.server.port) { second in
                    try await second.ask("GET", "/rooms/chat/stream", as: "bob")
                    _ = await server.clock.slept()
                    let third = try await server.ask("GET", "/rooms/chat/messages?wait=55", as: "cid")
                    #expect(third.status == 503 && third.values("Retry-After") == ["5"])
                    // What need not be held is answered.
                    #expect(try await server.ask("GET", "/rooms/chat/messages", as: "cid").status == 200)
                }
            }
        }
    }
}
