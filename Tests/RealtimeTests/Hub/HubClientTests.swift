import Foundation
import RealtimeCore
import Testing

@testable import Realtime

/// `duplex.v1` from the hub's side, without sockets.
@Suite struct HubClientTests {
    fileprivate final class Setup {
        let hub: RealtimeHub
        let rooms: MemoryRooms
        let time = ManualTime()
        let loop = FakeLoop()
        /// As their connections do, until they are closed.
        private var clients: [HubClient] = []

        init(_ configuration: HubConfiguration = HubConfiguration()) {
            self.rooms = MemoryRooms(
                settings: { configuration.policy($0).settings }, clock: self.time.instant, time: { 1000 })
            self.hub = RealtimeHub(
                configuration: configuration, broker: self.rooms, presence: self.rooms, clock: self.time.instant)
        }

        func connect(_ name: String = "ann", session: String? = nil) throws -> (HubClient, FakeConnection) {
            let connection = FakeConnection()
            let client = self.hub.connect(
                connection, on: self.loop, as: Identity(member: try MemberID(name)),
                session: try session.map { try SessionID(parsing: $0) })
            self.clients.append(client)
            return (client, connection)
        }
    }

    /// A message's members of these names, as they stand in it.
    private func shape(
        _ text: String, _ names: [String] = ["type", "id", "room", "offset", "recovered", "data", "code"]
    )
        -> String
    {
        names.compactMap { name -> String? in
            guard let range = text.range(of: "\"\(name)\":") else { return nil }
            let rest = text[range.upperBound...]
            return "\(name)=\(rest.prefix { $0 != "," && $0 != "}" })"
        }.joined(separator: " ")
    }

    @Test func welcome() throws {
        let it = Setup()
        let (_, connection) = try it.connect()
        #expect(connection.take().count == 1)
        let (_, other) = try it.connect("bob")
        #expect(other.sent[0].hasPrefix(#"{"type":"welcome","session":""#))
        #expect(other.sent[0].hasSuffix(#"","member":"bob","resumed":false}"#))
    }

    @Test func publishAndRead() throws {
        let it = Setup()
        let (ann, first) = try it.connect("ann")
        let (bob, second) = try it.connect("bob")
        _ = (first.take(), second.take())
        bob.say(#"{"type":"join","id":1,"room":"a"}"#)
        #expect(second.take().map { self.shape($0) } == [#"type="joined" id=1 room="a" offset=0 recovered=true"#])
        ann.say(#"{"type":"publish","id":7,"room":"a","data":{"x": 1}}"#)
        #expect(first.take().map { self.shape($0) } == [#"type="published" id=7 room="a" offset=1"#])
        it.loop.run()
        let message = second.take()
        #expect(message.count == 1)
        #expect(message[0].hasSuffix(#""offset":1,"time":1000,"from":"ann","data":{"x": 1}}"#))
        #expect(first.take() == [])
        // Left: nothing more.
        bob.say(#"{"type":"leave","room":"a"}"#)
        ann.say(#"{"type":"publish","room":"a","data":2}"#)
        it.loop.run()
        #expect(second.take() == [#"{"type":"left","room":"a"}"#])
    }

    @Test func historyAndPositions() throws {
        let it = Setup()
        let (ann, connection) = try it.connect()
        for number in 1...5 { ann.say(#"{"type":"publish","room":"a","data":\#(number)}"#) }
        _ = connection.take()
        ann.say(#"{"type":"join","room":"a","history":2}"#)
        #expect(
            connection.take().map { self.shape($0, ["type", "offset", "recovered", "data"]) } == [
                #"type="joined" offset=3 recovered=true"#, #"type="message" offset=4 data=4"#,
                #"type="message" offset=5 data=5"#,
            ])
        let epoch = try it.epoch(of: "a")
        ann.say(#"{"type":"join","room":"a","after":4,"epoch":"\#(epoch)"}"#)
        #expect(
            connection.take().map { self.shape($0, ["type", "offset"]) } == [
                #"type="joined" offset=4"#, #"type="message" offset=5"#,
            ])
        ann.say(#"{"type":"join","room":"a","after":4,"epoch":"other"}"#)
        #expect(self.shape(connection.take()[0]) == #"type="joined" room="a" offset=0 recovered=false"#)
        // Only once each, though it joined three times.
        ann.say(#"{"type":"publish","room":"a","data":6}"#)
        it.loop.run()
        #expect(connection.take().filter { $0.contains(#""data":6"#) }.count == 1)
    }

    @Test func repeatedPublish() throws {
        let it = Setup()
        let (ann, connection) = try it.connect()
        _ = connection.take()
        for _ in 0..<2 { ann.say(#"{"type":"publish","id":1,"room":"a","data":1,"messageId":"m"}"#) }
        let answers = connection.take()
        #expect(!answers[0].contains("repeated") && answers[1].hasSuffix(#""offset":1,"repeated":true}"#))
    }

    @Test func refusals() throws {
        let it = Setup(
            HubConfiguration(permissions: { identity, action, room in
                room.text == "\(action.rawValue)-not" ? .forbidden("not for \(identity.member)") : .allowed
            }))
        let (ann, connection) = try it.connect()
        _ = connection.take()
        for (request, code) in [
            (#"{"type":"join","id":1,"room":"join-not"}"#, "forbidden"),
            (#"{"type":"publish","id":1,"room":"publish-not","data":1}"#, "forbidden"),
            (#"{"type":"presence","id":1,"room":"presence-not"}"#, "forbidden"),
            (#"{"type":"leave","id":1,"room":"a"}"#, "not_joined"),
            (#"{"type":"info","id":1,"room":"a","info":{}}"#, "not_joined"),
            (#"{"type":"dance","id":1}"#, "invalid_request"), ("nonsense", "invalid_request"),
        ] {
            ann.say(request)
            #expect(
                connection.take().map { self.shape($0, ["type", "code"]) } == [#"type="error" code="\#(code)""#],
                "\(request)")
        }
        #expect(connection.closed == nil)
        for _ in 0...10 { ann.say("nonsense") }
        #expect(connection.closed == 1008)
    }

    @Test func rates() throws {
        let it = Setup(HubConfiguration(policy: { _ in RoomPolicy(publishRate: nil) }, publishRate: 1, publishBurst: 3))
        let (ann, connection) = try it.connect()
        _ = connection.take()
        for _ in 0..<5 { ann.say(#"{"type":"publish","room":"a","data":1}"#) }
        #expect(connection.take().count { $0.contains("rate_limited") } == 2)
        it.time.advance(seconds: 2)
        ann.say(#"{"type":"publish","room":"a","data":1}"#)
        #expect(connection.take().count { $0.contains("published") } == 1)
    }

    /// A room's rate holds for all together, whether anybody reads it or not.
    @Test(arguments: [true, false]) func roomRates(isRead: Bool) throws {
        let it = Setup(
            HubConfiguration(policy: { _ in RoomPolicy(publishRate: 1, publishBurst: 3) }, publishRate: nil))
        let (ann, first) = try it.connect("ann")
        let (bob, second) = try it.connect("bob")
        if isRead {
            ann.say(#"{"type":"join","room":"a"}"#)
            it.loop.run()
        }
        for _ in 0..<3 {
            ann.say(#"{"type":"publish","room":"a","data":1}"#)
            bob.say(#"{"type":"publish","room":"a","data":1}"#)
        }
        bob.say(#"{"type":"publish","room":"b","data":1}"#)
        let said = first.take() + second.take()
        #expect(said.count { $0.contains("rate_limited") } == 3)
        #expect(said.count { $0.contains("published") } == 4)
    }

    // MARK: Presence

    /// Who comes and goes, or changes, all the time, does not keep the others busy.
    @Test func presenceRates() throws {
        let it = Setup(HubConfiguration(presenceRate: 1, presenceBurst: 4))
        let (ann, first) = try it.connect("ann")
        let (bob, second) = try it.connect("bob")
        bob.say(#"{"type":"join","room":"a","presence":true}"#)
        it.loop.run()
        ann.say(#"{"type":"join","room":"a","presence":true}"#)
        it.loop.run()
        _ = (first.take(), second.take())
        for number in 0..<6 { ann.say(#"{"type":"info","room":"a","info":{"n":\#(number)}}"#) }
        it.loop.run()
        #expect(first.take().count { $0.contains("rate_limited") } == 3)
        #expect(second.take().count { $0.contains(#""change":"updated""#) } == 3)
        // Neither by joining again; without presence one may.
        ann.say(#"{"type":"join","id":7,"room":"a","presence":true}"#)
        ann.say(#"{"type":"join","id":8,"room":"b"}"#)
        it.loop.run()
        let said = first.take()
        #expect(said.contains { $0.contains(#""id":7"#) && $0.contains("rate_limited") })
        #expect(said.contains { $0.hasPrefix(#"{"type":"joined","id":8"#) })
        it.time.advance(seconds: 1)
        ann.say(#"{"type":"info","room":"a","info":{}}"#)
        it.loop.run()
        #expect(second.take().count { $0.contains(#""change":"updated""#) } == 1)
    }

    @Test func presence() throws {
        let it = Setup()
        let (ann, first) = try it.connect("ann")
        ann.say(#"{"type":"join","room":"a","presence":true,"info":{"name":"Ann"}}"#)
        it.loop.run()
        let said = first.take()
        #expect(
            said.contains(#"{"type":"presence","room":"a","count":1,"members":[{"id":"ann","info":{"name":"Ann"}}]}"#))
        let (bob, second) = try it.connect("bob")
        bob.say(#"{"type":"join","room":"a","presence":true}"#)
        it.loop.run()
        #expect(first.take() == [#"{"type":"member","room":"a","change":"joined","member":{"id":"bob","info":{}}}"#])
        bob.say(#"{"type":"info","id":3,"room":"a","info":{"typing":true}}"#)
        it.loop.run()
        #expect(
            first.take() == [
                #"{"type":"member","room":"a","change":"updated","member":{"id":"bob","info":{"typing":true}}}"#
            ])
        #expect(second.take().contains(#"{"type":"updated","id":3,"room":"a"}"#))
        // Gone, and back within the grace: nobody is told.
        bob.closed()
        it.time.advance(seconds: 5)
        it.hub.expire()
        let (again, _) = try it.connect("bob")
        again.say(#"{"type":"join","room":"a","presence":true,"info":{"typing":true}}"#)
        it.loop.run()
        #expect(first.take() == [])
        again.closed()
        it.time.advance(seconds: 11)
        it.hub.expire()
        it.loop.run()
        #expect(first.take().map { self.shape($0, ["type", "change"]) } == [#"type="member" change="left""#])
    }

    // MARK: Sessions

    @Test func aSessionIsTakenOver() throws {
        let it = Setup()
        let (ann, first) = try it.connect()
        let welcome = first.take()[0]
        let session = String(welcome.split(separator: "\"")[7])
        ann.say(#"{"type":"join","room":"a"}"#)
        ann.say(#"{"type":"publish","room":"a","data":1}"#)
        it.loop.run()
        let (next, second) = try it.connect(session: session)
        #expect(second.take()[0].hasSuffix(#""resumed":true}"#))
        it.loop.run()
        #expect(first.closed == 4001)
        ann.closed()
        next.closed()
        // It waits for a while, and is forgotten then.
        let (_, third) = try it.connect(session: session)
        #expect(third.take()[0].hasSuffix(#""resumed":true}"#))
        let (_, stranger) = try it.connect("eve", session: session)
        #expect(stranger.take()[0].hasSuffix(#""resumed":false}"#))
    }

    @Test func aSessionRemembersPositions() throws {
        let it = Setup()
        let (ann, first) = try it.connect()
        let session = try SessionID(parsing: String(first.take()[0].split(separator: "\"")[7]))
        ann.say(#"{"type":"join","room":"a"}"#)
        ann.say(#"{"type":"publish","room":"a","data":1}"#)
        it.loop.run()
        ann.closed()
        #expect(it.hub.position(of: session, in: try RoomName("a"))?.offset == 1)
    }

    @Test func throwingOut() throws {
        let it = Setup()
        let (_, ann) = try it.connect("ann")
        let (_, bob) = try it.connect("bob")
        it.hub.disconnect(try MemberID("ann"))
        it.loop.run()
        #expect(ann.closed == 4003 && bob.closed == nil)
    }

    // MARK: Rooms that nobody uses

    @Test func roomsAreLetGo() throws {
        let it = Setup()
        let (ann, _) = try it.connect()
        let room = try RoomName("a")
        ann.say(#"{"type":"join","room":"a"}"#)
        #expect(it.hub.inUse(room) != nil)
        ann.closed()
        ann.closed()
        #expect(it.hub.inUse(room) == nil)
        it.hub.expire()
        #expect(it.rooms.count == 0)
    }
}

extension HubClientTests.Setup {
    fileprivate func epoch(of name: String) throws -> String {
        nonisolated(unsafe) var text = ""
        self.rooms.read(try RoomName(name), from: .oldest, limit: 0, maxBytes: 0) { result in
            text = (try? result.get().latest.epoch.text) ?? ""
        }
        return text
    }
}
