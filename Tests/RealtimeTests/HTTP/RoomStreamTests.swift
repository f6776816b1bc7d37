import NIOCore
import NIOHPACK
import NIOHTTP2
import RealtimeCore
import TestSupport
import Testing
import WebSocketServer

@testable import Realtime

@Suite(.timeLimit(.minutes(1))) struct RoomStreamTests {
    /// Opens a stream, and reads its head.
    private func open(
        _ path: String, _ fields: [String: String] = [:], as member: String = "ann", on server: RoomsServer,
        _ body: (RawConnection, RawConnection.Answer) async throws -> Void
    ) async throws {
        try await RawConnection.with(port: server.server.port) { connection in
            try await connection.ask("GET", path, fields, as: member)
            let head = RawConnection.Answer(head: try await connection.readHead(), body: "")
            try await body(connection, head)
        }
    }

    private func joined(_ epoch: String, _ offset: Int, recovered: Bool = true) -> String {
        """
        event: joined
        id: \(epoch):\(offset)
        data: {"room":"chat","epoch":"\(epoch)","offset":\(offset),"recovered":\(recovered)}


        """
    }

    private func event(_ epoch: String, _ offset: Int, _ data: String) -> String {
        """
        id: \(epoch):\(offset)
        data: {"epoch":"\(epoch)","offset":\(offset),"time":1000,"data":\(data)}


        """
    }

    /// Takes nothing any more, and lets the kernel keep little for it: what it keeps on the way is some 4 MiB then.
    private func stopReading(_ connection: RawConnection) async throws {
        try await connection.channel.setOption(.socketOption(.so_rcvbuf), value: 16 << 10).get()
        try await connection.channel.setOption(.autoRead, value: false).get()
    }

    private func readOn(_ connection: RawConnection) async throws {
        try await connection.channel.setOption(.autoRead, value: true).get()
    }

    @Test func flowsFromHistoryOn() async throws {
        try await RoomsServer.with { server in
            for data in ["1", "2", "3"] { try await server.publish(data) }
            let epoch = try await server.epoch()
            try await self.open("/rooms/chat/stream?history=2", on: server) { connection, head in
                #expect(head.status == 200)
                #expect(head.values("Content-Type") == ["text/event-stream"])
                #expect(head.values("Cache-Control") == ["no-store, no-transform"])
                #expect(head.values("X-Accel-Buffering") == ["no"])
                #expect(head.values("Content-Length") == [])
                let beginning = try await connection.readChunk()
                #expect(
                    beginning == ": duplex\n\n" + self.joined(epoch, 1) + self.event(epoch, 2, "2")
                        + self.event(epoch, 3, "3"))
                for number in 4...6 {
                    try await server.publish("\(number)")
                    let chunk = try await connection.readChunk()
                    #expect(chunk == self.event(epoch, number, "\(number)"))
                }
            }
        }
    }

    @Test func goesOnBehindAPosition() async throws {
        try await RoomsServer.with { server in
            for data in ["1", "2", "3"] { try await server.publish(data) }
            let epoch = try await server.epoch()
            let query = "/rooms/chat/stream?after=1&epoch=\(epoch)"
            try await self.open(query, on: server) { connection, _ in
                let beginning = try await connection.readChunk()
                #expect(
                    beginning.hasSuffix(self.joined(epoch, 1) + self.event(epoch, 2, "2") + self.event(epoch, 3, "3")))
            }
            // What a browser has got last counts more than the address that it comes back to.
            try await self.open(query, ["Last-Event-ID": "\(epoch):3"], on: server) { connection, _ in
                let beginning = try await connection.readChunk()
                #expect(beginning.hasSuffix(self.joined(epoch, 3)))
            }
            try await self.open(query, ["Last-Event-ID": "abc:3"], on: server) { connection, _ in
                let beginning = try await connection.readChunk()
                #expect(beginning.contains(self.joined(epoch, 0, recovered: false) + self.event(epoch, 1, "1")))
            }
            // Without a position there is only what comes.
            try await self.open("/rooms/chat/stream", on: server) { connection, _ in
                let beginning = try await connection.readChunk()
                #expect(beginning == ": duplex\n\n" + self.joined(epoch, 3))
            }
        }
    }

    @Test func flowsAsLines() async throws {
        try await RoomsServer.with { server in
            let epoch = try await server.epoch()
            try await self.open("/rooms/chat/stream", ["Accept": "application/x-ndjson"], on: server) {
                connection, head in
                #expect(head.values("Content-Type") == ["application/x-ndjson"])
                let joined = try await connection.readChunk()
                #expect(
                    joined == #"{"type":"joined","room":"chat","epoch":"\#(epoch)","offset":0,"recovered":true}"# + "\n"
                )
                try await server.publish(#""hi""#)
                let message = try await connection.readChunk()
                #expect(
                    message
                        == #"{"type":"message","room":"chat","epoch":"\#(epoch)","offset":1,"time":1000,"data":"hi"}"#
                        + "\n")
                #expect(await server.clock.passSleep() == .seconds(15))
                let heartbeat = try await connection.readChunk()
                #expect(heartbeat == "\n")
            }
        }
    }

    @Test func flowsAsScripts() async throws {
        try await RoomsServer.with { server in
            let path = "/rooms/chat/stream?format=html&callback=parent.take"
            try await self.open(path, ["Sec-Fetch-Site": "same-origin"], on: server) { connection, head in
                #expect(head.values("Content-Type") == ["text/html; charset=utf-8"])
                #expect(head.values("Content-Security-Policy").first?.hasSuffix("frame-ancestors 'self'") == true)
                #expect(head.values("Cross-Origin-Opener-Policy") == ["same-origin"])
                let beginning = try await connection.readChunk()
                #expect(beginning.contains(#"<script>parent.take({"type":"joined","#))
                try await server.publish(#""</script>""#)
                let message = try await connection.readChunk()
                #expect(message.hasSuffix(#""data":"\u003c/script>"})</script>"# + "\n"))
            }
            let stranger = try await server.ask("GET", path, ["Sec-Fetch-Site": "cross-site"])
            #expect(stranger.status == 403)
            let callback = try await server.ask("GET", "/rooms/chat/stream?format=html&callback=alert(1)")
            #expect(callback.status == 400)
            let format = try await server.ask("GET", "/rooms/chat/stream?format=xml")
            #expect(format.status == 400 && format.body.hasPrefix(#"{"error":{"code":"invalid_request","#))
        }
    }

    @Test func pagesThatAreListedMayFrameScripts() async throws {
        try await RoomsServer.with(origins: .list(["https://page.example"])) { server in
            let path = "/rooms/chat/stream?format=html"
            try await self.open(path, ["Sec-Fetch-Site": "cross-site"], on: server) { _, head in
                #expect(head.status == 200)
                let policy = head.values("Content-Security-Policy").first
                #expect(policy?.hasSuffix("frame-ancestors 'self' https://page.example") == true)
            }
        }
    }

    @Test func hasAHeartbeat() async throws {
        try await RoomsServer.with { server in
            let epoch = try await server.epoch()
            try await self.open("/rooms/chat/stream", on: server) { connection, _ in
                _ = try await connection.readChunk()
                for number in 1...3 {
                    #expect(await server.clock.passSleep() == .seconds(15))
                    let heartbeat = try await connection.readChunk()
                    #expect(heartbeat == ":\n\n")
                    try await server.publish("\(number)")
                    let message = try await connection.readChunk()
                    #expect(message == self.event(epoch, number, "\(number)"))
                }
            }
        }
    }

    @Test func tellsAGap() async throws {
        try await RoomsServer.with { server in
            let old = try await server.epoch()
            try await self.open("/rooms/chat/stream", on: server) { connection, _ in
                let beginning = try await connection.readChunk()
                #expect(beginning.hasSuffix(self.joined(old, 0)))
                server.rooms.loseHistory(of: server.chat)
                try await server.publish("1")
                let epoch = try await server.epoch()
                #expect(epoch != old)
                let chunk = try await connection.readChunk()
                #expect(
                    chunk == """
                        event: gap
                        id: \(epoch):0
                        data: {"room":"chat","epoch":"\(epoch)","offset":0}


                        """ + self.event(epoch, 1, "1"))
            }
        }
    }

    @Test func endsWhenTheServerGoes() async throws {
        try await RoomsServer.with { server in
            try await self.open("/rooms/chat/stream", on: server) { connection, _ in
                _ = try await connection.readChunk()
                await server.server.shutDown()
                // It is whole: the client comes back at once.
                let end = try await connection.readChunk()
                #expect(end == "")
                let rest = try await connection.readToEnd()
                #expect(rest == [])
            }
            #expect(await server.released.next() == server.chat)
            #expect(server.http.held.count == 0)
        }
    }

    /// Nothing is written meanwhile: it is the end of what comes that tells.
    @Test(arguments: [true, false]) func endsWhenTheClientGoes(_ half: Bool) async throws {
        try await RoomsServer.with { server in
            try await self.open("/rooms/chat/stream?presence=1", on: server) { connection, _ in
                _ = try await connection.readChunk()
                let members = try await server.hub.members(of: server.chat)
                #expect(members.count == 1)
                if half { try await connection.endOutput() } else { connection.close() }
                #expect(await server.released.next() == server.chat)
            }
            #expect(server.hub.inUse(server.chat) == nil)
        }
    }

    @Test func makesAMemberOfTheReader() async throws {
        try await RoomsServer.with { server in
            let path = "/rooms/chat/stream?presence=1&info=%7B%22name%22%3A%22Ann%22%7D"
            try await self.open(path, on: server) { connection, _ in
                _ = try await connection.readChunk()
                let there = try await server.ask("GET", "/rooms/chat/members")
                #expect(there.body == #"{"room":"chat","count":1,"members":[{"id":"ann","info":{"name":"Ann"}}]}"#)
                connection.close()
                #expect(await server.released.next() == server.chat)
            }
            // It is away, and leaves when it has been for long enough.
            server.time.advance(seconds: 9)
            server.hub.expire()
            #expect(try await server.hub.members(of: server.chat).count == 1)
            server.time.advance(seconds: 2)
            server.hub.expire()
            #expect(try await server.hub.members(of: server.chat).count == 0)
        }
    }

    /// There the end of a stream is an error of what comes.
    @Test func endsWhenTheClientResetsItOverHTTP2() async throws {
        try await RoomsServer.with(on: .webSocket(.init(http2: .everywhere))) { server in
            try await RawHTTP2Connection.with(port: server.server.port) { connection in
                let stream = try await connection.open()
                try await stream.send(
                    [
                        ":method": "GET", ":scheme": "http", ":authority": "duplex.example",
                        ":path": "/rooms/chat/stream", "x-member": "ann",
                    ], endStream: true)
                #expect(try await stream.headers()[":status"] == ["200"])
                let beginning = try await stream.bytes(10)
                #expect(beginning.starts(with: ": duplex\n\n".utf8))
                try await stream.send(.rstStream(.cancel))
                #expect(await server.released.next() == server.chat)
            }
        }
    }

    @Test(arguments: ["presence=yes", "presence=1&info=1", "presence=1&info=%7B", "history=x", "after=1"])
    func refusesWhatIsNoQuery(_ query: String) async throws {
        try await RoomsServer.with { server in
            let answer = try await server.ask("GET", "/rooms/chat/stream?\(query)")
            #expect(answer.status == 400)
            #expect(server.http.held.count == 0)
            #expect(try await server.hub.members(of: server.chat).count == 0)
        }
    }

    @Test func isRefusedWhereTheRoomIsFull() async throws {
        var room = RoomPolicy()
        room.settings.presence.maxMembers = 1
        let policy = room
        try await RoomsServer.with(configuration: HubConfiguration(policy: { _ in policy })) { server in
            try await self.open("/rooms/chat/stream?presence=1", on: server) { connection, _ in
                _ = try await connection.readChunk()
                let full = try await server.ask("GET", "/rooms/chat/stream?presence=1", as: "bob")
                #expect(full.status == 503 && full.values("Retry-After") == ["5"])
                #expect(full.body.hasPrefix(#"{"error":{"code":"room_full","#))
                #expect(server.http.held.count == 1)
            }
        }
    }

    @Test func aHeadHoldsNothing() async throws {
        try await RoomsServer.with { server in
            let head = try await server.ask("HEAD", "/rooms/chat/stream?presence=1")
            #expect(head.status == 200)
            #expect(head.values("Content-Length") == [])
            #expect(try await server.hub.members(of: server.chat).count == 0)
            #expect(head.values("Content-Type") == ["text/event-stream"])
            #expect(server.http.held.count == 0)
        }
    }

    /// Whoever reads slowly gets all the same, from the log.
    @Test func aSlowClientReadsOn() async throws {
        var room = RoomPolicy(publishRate: nil)
        room.settings.log = LogLimits(maxCount: 10_000, maxBytes: 64 << 20)
        let policy = room
        try await RoomsServer.with(configuration: HubConfiguration(policy: { _ in policy })) { server in
            try await self.open("/rooms/chat/stream?format=ndjson", on: server) { connection, _ in
                _ = try await connection.readChunk()
                try await self.stopReading(connection)
                let data = "\"" + String(repeating: "x", count: 60_000) + "\""
                // More than all buffers between take.
                for _ in 1...120 { try await server.publish(data) }
                try await self.readOn(connection)
                var next = 1
                while next <= 120 {
                    for line in try await connection.readChunk().split(separator: "\n") {
                        #expect(line.contains(#","offset":\#(next),"#))
                        next += 1
                    }
                }
            }
        }
    }

    @Test func aSlowClientIsToldOfWhatHasGone() async throws {
        var room = RoomPolicy(publishRate: nil)
        room.settings.log = LogLimits(maxCount: 10)
        let policy = room
        try await RoomsServer.with(configuration: HubConfiguration(policy: { _ in policy })) { server in
            try await self.open("/rooms/chat/stream?format=ndjson", on: server) { connection, _ in
                _ = try await connection.readChunk()
                try await self.stopReading(connection)
                let data = "\"" + String(repeating: "x", count: 60_000) + "\""
                for _ in 1...120 { try await server.publish(data) }
                try await self.readOn(connection)
                var (position, gaps) = (0, 0)
                while position < 120 {
                    for line in try await connection.readChunk().split(separator: "\n") {
                        let offset = try #require(
                            line.split(separator: #""offset":"#).last?.prefix { $0.isNumber }
                        ).description
                        if line.hasPrefix(#"{"type":"gap""#) {
                            gaps += 1
                            position = try #require(Int(offset))
                        } else {
                            #expect(Int(offset) == position + 1)
                            position += 1
                        }
                    }
                }
                #expect(gaps > 0)
            }
        }
    }

    @Test func aClientThatTakesNothingIsGivenUp() async throws {
        var room = RoomPolicy(publishRate: nil)
        room.settings.log = LogLimits(maxCount: 10_000, maxBytes: 64 << 20)
        let policy = room
        try await RoomsServer.with(configuration: HubConfiguration(policy: { _ in policy })) { server in
            try await self.open("/rooms/chat/stream?format=ndjson", on: server) { connection, _ in
                _ = try await connection.readChunk()
                try await self.stopReading(connection)
                let data = "\"" + String(repeating: "x", count: 60_000) + "\""
                for _ in 1...150 { try await server.publish(data) }
                // It sleeps anew behind each heartbeat, until it gives the client up and lets the room go.
                let beating = Task { while await server.clock.passSleep() != nil {} }
                #expect(await server.released.next() == server.chat)
                beating.cancel()
            }
        }
    }

    @Test func aRoomOfKeysLeavesOutWhatIsOld() async throws {
        var room = RoomPolicy(slowReaders: .latestPerKey, publishRate: nil)
        room.settings.log = LogLimits(maxCount: 10_000, maxBytes: 64 << 20)
        let policy = room
        try await RoomsServer.with(configuration: HubConfiguration(policy: { _ in policy })) { server in
            try await self.open("/rooms/chat/stream?format=ndjson", on: server) { connection, _ in
                _ = try await connection.readChunk()
                try await self.stopReading(connection)
                let data = "\"" + String(repeating: "x", count: 60_000) + "\""
                for number in 1...120 { try await server.publish(data, key: "k\(number % 2)") }
                try await self.readOn(connection)
                var offsets: [Int] = []
                while offsets.last != 120 {
                    for line in try await connection.readChunk().split(separator: "\n") {
                        #expect(line.hasPrefix(#"{"type":"message""#))
                        let offset = line.split(separator: #""offset":"#)[1].prefix { $0.isNumber }
                        offsets.append(try #require(Int(offset)))
                    }
                }
                #expect(offsets == offsets.sorted())
                #expect(offsets.count < 120)
                #expect(offsets.suffix(2) == [119, 120])
            }
        }
    }
}
