import Foundation
import NIOCore
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

@testable import duplex

@Suite(.timeLimit(.minutes(1))) struct ChatRoomTests {
    /// A page, as far as the room sees one.
    private struct Page {
        let socket: WebSocketConnection
        var messages: WebSocketConnection.Messages.Iterator

        init(_ port: Int, name: String? = nil) async throws {
            self.socket = try await WebSocketClient.connect(
                to: "ws://127.0.0.1:\(port)/chat", options: .init(protocols: [ChatRoom.subprotocol]))
            self.messages = self.socket.messages.makeAsyncIterator()
            if let name {
                try await self.say(["type": "hello", "name": name])
                let welcome = try await self.next()
                #expect(welcome["type"] as? String == "welcome")
            }
        }

        func say(_ fields: [String: String]) async throws {
            try await self.socket.send(String(decoding: try JSONEncoder().encode(fields), as: UTF8.self))
        }

        mutating func next() async throws -> [String: Any] {
            guard case .text(let text)? = try await self.messages.next() else { return [:] }
            return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
        }

        mutating func types(_ count: Int) async throws -> [String] {
            var found: [String] = []
            for _ in 0..<count { found.append(try await self.next()["type"] as? String ?? "?") }
            return found
        }
    }

    @Test func newcomersLearnWhoIsHereAndWhatWasSaid() async throws {
        try await withServer { port in
            var ann = try await Page(port, name: "Ann")
            try await ann.say(["type": "message", "text": "first <b>"])
            let said = try await ann.next()
            #expect(said["text"] as? String == "first <b>")
            #expect(said["name"] as? String == "Ann")
            #expect(abs((said["time"] as? Double ?? 0) / 1000 - Date().timeIntervalSince1970) < 3600)

            var bob = try await Page(port)
            #expect(bob.socket.subprotocol == "chat.v1")
            try await bob.say(["type": "hello", "name": "Bob"])
            let welcome = try await bob.next()
            let people = welcome["people"] as? [[String: String]] ?? []
            #expect(people.map { $0["name"] } == ["Ann", "Bob"])
            #expect(people.last?["id"] == welcome["id"] as? String)
            #expect((welcome["history"] as? [[String: Any]])?.map { $0["text"] as? String } == ["first <b>"])
            let joined = try await ann.next()
            #expect(joined["type"] as? String == "joined" && joined["name"] as? String == "Bob")

            try await bob.say(["type": "hello", "name": "Rob"])
            #expect(try await ann.next()["name"] as? String == "Rob")
            #expect(try await bob.next()["type"] as? String == "renamed")
            try await bob.socket.close()
            let left = try await ann.next()
            #expect(left["type"] as? String == "left" && left["name"] as? String == "Rob")
        }
    }

    @Test func whatIsNotTakenIsTold() async throws {
        try await withServer { port in
            var page = try await Page(port)
            try await page.say(["type": "message", "text": "too early"])
            try await page.say(["type": "hello", "name": "   "])
            try await page.say(["type": "hello", "name": String(repeating: "n", count: ChatRoom.maxName + 1)])
            try await page.say(["type": "dance"])
            try await page.socket.send("no JSON")
            #expect(try await page.types(5) == ["error", "error", "error", "error", "error"])
            try await page.say(["type": "hello", "name": "  Ann \n Lee "])
            let welcome = try await page.next()
            #expect((welcome["people"] as? [[String: String]])?.first?["name"] == "Ann Lee")
            try await page.say(["type": "message", "text": ""])
            try await page.say(["type": "message", "text": String(repeating: "é", count: ChatRoom.maxText / 2)])
            try await page.say(["type": "message", "text": String(repeating: "é", count: ChatRoom.maxText / 2) + "x"])
            #expect(try await page.types(3) == ["error", "message", "error"])
        }
    }

    @Test func binaryIsRefused() async throws {
        try await withServer { port in
            let page = try await Page(port)
            try await page.socket.send(ByteBuffer(bytes: [1]))
            #expect(await page.socket.closed.code == .unsupportedData)
        }
    }

    @Test func theHistoryIsBounded() async throws {
        try await withServer { port in
            var ann = try await Page(port, name: "Ann")
            for number in 0..<ChatRoom.historyCount + 5 {
                try await ann.say(["type": "message", "text": "\(number)"])
                _ = try await ann.next()
            }
            var bob = try await Page(port)
            try await bob.say(["type": "hello", "name": "Bob"])
            let history = try await bob.next()["history"] as? [[String: Any]] ?? []
            #expect(history.count == ChatRoom.historyCount)
            #expect(history.first?["text"] as? String == "5")
        }
    }

    @Test func allSeeTheSameOrder() async throws {
        try await withServer { port in
            try await withThrowingTaskGroup(of: [String].self) { group in
                for name in ["Ann", "Bob", "Cid"] {
                    group.addTask {
                        var page = try await Page(port, name: name)
                        for number in 0..<50 { try await page.say(["type": "message", "text": "\(name) \(number)"]) }
                        var seen: [String] = []
                        while seen.last != "\(name) 49" {
                            if let text = try await page.next()["text"] as? String { seen.append(text) }
                        }
                        return seen
                    }
                }
                var orders: [[String]] = []
                for try await order in group { orders.append(order) }
                // Whatever two of them both saw, they saw in the same order.
                for one in orders {
                    for other in orders {
                        let common = Set(one).intersection(other)
                        #expect(one.filter(common.contains) == other.filter(common.contains))
                    }
                }
            }
        }
    }

    @Test func aFullRoomSaysSo() async throws {
        try await withServer { port in
            var pages: [Page] = []
            for _ in 0..<ChatRoom.maxMembers { pages.append(try await Page(port)) }
            let late = try await Page(port)
            let closure = await late.socket.closed
            #expect(closure.code == .tryAgainLater)
            try await pages[0].socket.close()
            // Somebody left: there is a place again, as soon as the server has noticed.
            var isIn = false
            while !isIn {
                let next = try await Page(port)
                try await next.say(["type": "hello", "name": "late"])
                var messages = next.socket.messages.makeAsyncIterator()
                isIn = try await messages.next() != nil
            }
        }
    }
}
