import NIOCore
import Synchronization
import WebSocketCore
import WebSocketNIO

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One chat room: who is here, and what was said last. All members see the same order, since all is told under one lock.
final class ChatRoom: Sendable {
    /// The subprotocol that the page and the room speak.
    static let subprotocol = "chat.v1"
    /// How many messages a newcomer is shown: 50, two screens.
    static let historyCount = 50
    /// How many members there may be: 200. More are closed with 1013.
    static let maxMembers = 200
    /// How many bytes may wait for a member before it is cut off: 1 MiB, more than what comes back of one read of a member
    /// that says much at once. With all members slow, 200 MiB.
    static let maxWaiting = 1 << 20
    /// The longest message in bytes: 4 KiB.
    static let maxText = 4096
    /// The longest name in bytes.
    static let maxName = 64

    private struct Member {
        var name: String?
        var connection: WebSocketConnection
    }

    private struct State: ~Copyable {
        var lastID = 0
        var members: [Int: Member] = [:]
        var history: [ChatEvent] = []
    }

    private let state = Mutex(State())

    /// A connection is there; it has no name yet, and nobody is told. Nil when the room is full.
    func join(_ connection: WebSocketConnection) -> Int? {
        self.state.withLock { state in
            guard state.members.count < ChatRoom.maxMembers else { return nil }
            state.lastID += 1
            state.members[state.lastID] = Member(name: nil, connection: connection)
            return state.lastID
        }
    }

    /// Does what a member asks for.
    func handle(_ request: ChatRequest, from id: Int) {
        switch request {
        case .hello(let name): self.name(id, name)
        case .message(let text): self.say(id, text)
        }
    }

    /// A connection is gone.
    func leave(_ id: Int) {
        self.state.withLock { state in
            guard let member = state.members.removeValue(forKey: id), let name = member.name else { return }
            tell(ChatEvent(type: "left", id: String(id), name: name), &state)
        }
    }

    /// Tells one member that something it sent was not taken.
    func refuse(_ id: Int, _ reason: String, about: String? = nil) {
        self.state.withLock { state in
            _ = state.members[id]?.connection.trySend(ChatEvent(type: "error", text: reason, about: about).json)
        }
    }

    private func name(_ id: Int, _ text: String) {
        let name = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard !name.isEmpty, name.utf8.count <= ChatRoom.maxName else {
            return self.refuse(id, "a name has 1 to \(ChatRoom.maxName) bytes", about: "hello")
        }
        self.state.withLock { state in
            guard let member = state.members[id], member.name != name else { return }
            state.members[id]?.name = name
            if member.name != nil {
                tell(ChatEvent(type: "renamed", id: String(id), name: name), &state)
                return
            }
            let people = state.members.sorted { $0.key < $1.key }.compactMap { id, member in
                member.name.map { ChatEvent.Person(id: String(id), name: $0) }
            }
            let welcome = ChatEvent(type: "welcome", id: String(id), people: people, history: state.history)
            _ = member.connection.trySend(welcome.json)
            tell(ChatEvent(type: "joined", id: String(id), name: name), &state, except: id)
        }
    }

    private func say(_ id: Int, _ text: String) {
        guard !text.isEmpty, text.utf8.count <= ChatRoom.maxText else {
            return self.refuse(id, "a message has 1 to \(ChatRoom.maxText) bytes", about: "message")
        }
        let time = Int(Date().timeIntervalSince1970 * 1000)
        let isNamed = self.state.withLock { state in
            guard let name = state.members[id]?.name else { return false }
            let event = ChatEvent(type: "message", id: String(id), name: name, text: text, time: time)
            state.history.append(event)
            if state.history.count > ChatRoom.historyCount { state.history.removeFirst() }
            tell(event, &state)
            return true
        }
        if !isNamed { self.refuse(id, "say hello first", about: "message") }
    }

    /// Tells all who have a name. One who cannot keep up is cut off: it comes back, and is shown the history.
    private func tell(_ event: ChatEvent, _ state: inout State, except: Int? = nil) {
        let named = state.members.lazy.filter { $0.key != except && $0.value.name != nil }.map(\.value.connection)
        WebSocketConnection.broadcast(event.json, to: named) { connection, result in
            if result == .full { connection.abort() }
        }
    }
}

/// One connection in the room. Its calls come from the connection's event loop only.
final class ChatMember: WebSocketHandler {
    private let room: ChatRoom
    private var id = 0

    init(_ room: ChatRoom) {
        self.room = room
    }

    func opened(_ connection: WebSocketConnection) {
        if let id = self.room.join(connection) {
            self.id = id
        } else {
            try? connection.startClosing(code: .tryAgainLater, reason: "the room is full")
        }
    }

    func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
        guard kind == .text else {
            try? connection.startClosing(code: .unsupportedData, reason: "the chat is text")
            return
        }
        do {
            let request = try JSONDecoder().decode(ChatRequest.self, from: Data(bytes.readableBytesView))
            self.room.handle(request, from: self.id)
        } catch {
            self.room.refuse(self.id, "this is no message of \(ChatRoom.subprotocol)")
        }
    }

    func closed(_ connection: WebSocketConnection, _ closure: Closure) {
        self.room.leave(self.id)
    }
}
