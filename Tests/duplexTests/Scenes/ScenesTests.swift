import HTTPTypes
import Hummingbird
import NIOCore
import RealtimeCore
import Testing
import WebSocketClient
import WebSocketNIO

@testable import Realtime
@testable import duplex

@Suite(.timeLimit(.minutes(1))) struct ScenesTests {
    @Test func onlyTheServerPublishesInTheScenesRooms() throws {
        let ann = Identity(member: try MemberID("ann"))
        for room in [Scenes.match, Scenes.locations] {
            let name = try RoomName(room)
            #expect(Scenes.permissions(ann, .publish, name) == .forbidden("only the server publishes in \(room)"))
            #expect(Scenes.permissions(ann, .join, name) == .allowed)
            #expect(Scenes.permissions(ann, .presence, name) == .allowed)
        }
        for room in ["chat", "location", "locations-of-mine", "Match"] {
            #expect(Scenes.permissions(ann, .publish, try RoomName(room)) == .allowed)
        }
    }

    /// The hub of the command asks them, and the server itself is not asked.
    @Test func othersAreRefusedOverTheWebSocket() async throws {
        try await withServer { port in
            let options = DialOptions(protocols: [ClientRequest.subprotocol])
            let socket = try await WebSocketClient.connect(to: "ws://127.0.0.1:\(port)/rooms?as=ann", options: options)
            var messages = socket.messages.makeAsyncIterator()
            _ = try await messages.next()
            for room in ["match", "locations"] {
                try await socket.send(#"{"type":"publish","id":1,"room":"\#(room)","data":1,"key":"courier-1"}"#)
                let answer = try await messages.next()
                #expect(
                    answer
                        == .text(
                            #"{"type":"error","id":1,"code":"forbidden","message":"only the server publishes in \#(room)"}"#
                        ))
            }
            try await socket.send(#"{"type":"publish","id":2,"room":"chat","data":1}"#)
            guard case .text(let answer)? = try await messages.next() else {
                Issue.record("there was no answer")
                return
            }
            #expect(answer.hasPrefix(#"{"type":"published","id":2"#))
            try await socket.close()
        }
        let hub = Rooms.makeHub()
        try await hub.publish(Array("1".utf8), in: try RoomName(Scenes.match))
    }

    @Test func theServerIsNotLimited() async throws {
        let hub = Rooms.makeHub()
        let room = try RoomName(Scenes.locations)
        for _ in 0..<5000 { try await hub.publish(Array("1".utf8), in: room) }
        let position = try await hub.read(room, from: .latest(0)).position
        #expect(position.offset == 5000)
    }

    @Test func itIsSaidWhetherThereAreScenes() async throws {
        for (isOn, text) in [(true, #"{"scenes":true,"time":17}"#), (false, #"{"scenes":false,"time":17}"#)] {
            let response = Scenes.about(isOn: isOn, time: 17)
            #expect(response.body.contentLength == text.utf8.count)
            #expect(response.headers[.cacheControl] == "no-store")
        }
    }

    @Test func positionsAreConflatedForSlowReaders() throws {
        let policy = Rooms.makeHub().configuration.policy
        #expect(policy(try RoomName(Scenes.locations)).slowReaders == .latestPerKey)
        #expect(policy(try RoomName(Scenes.match)).slowReaders == .catchUp)
    }
}
