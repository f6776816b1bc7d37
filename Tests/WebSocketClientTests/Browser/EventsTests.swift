import NIOCore
import Synchronization
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// The checklist's `interfaces/WebSocket/events/` and eventhandlers.
@Suite(.timeLimit(.minutes(1)))
struct EventsTests {
    /// A server that answers the first message with itself and then breaks a rule (echo_raw: a reserved opcode).
    private static func withBreaker<T: Sendable>(_ body: (RawServer) async throws -> T) async throws -> T {
        try await RawServer.with(
            serve: { connection in
                try await connection.acceptHandshake()
                let frame = try await connection.readFrame()
                try await connection.send(Frame.any(.text, frame.payload) + [0x83, 0])
                _ = try await connection.readToEnd()
            }, body)
    }

    private let options = DialOptions(configuration: .init(closeTimeout: .milliseconds(1)))

    /// events/015, 017, 018, 003, 007, 008, 009: open, message, error, close, by the properties; the target is the WebSocket.
    @Test func orderByProperties() async throws {
        try await EventsTests.withBreaker { server in
            let ws = try WebSocket(server.url(), options: self.options)
            let names = Mailbox<String>()
            ws.onopen = { event in
                #expect(event.target === ws)
                #expect(ws.readyState == .open)
                names.post(event.type)
                try? ws.send("x")
            }
            ws.onmessage = { event in
                #expect(event.target === ws)
                names.post(event.type)
            }
            ws.onerror = { event in
                #expect(event.target === ws)
                #expect((event.error as? WebSocketError)?.closure?.error != nil)
                names.post(event.type)
            }
            ws.onclose = { event in
                #expect(event.target === ws)
                #expect(event.code == 1006 && !event.wasClean && event.reason == "")
                names.post(event.type)
            }
            for name in ["open", "message", "error", "close"] { #expect(await names.next() == name) }
        }
    }

    /// events/016: the same by listeners, in the order in which they were added, the property in its place among them.
    @Test func orderOfListeners() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let calls = Mailbox<Int>()
            try await ws.eventLoop.submit {
                ws.addEventListener(.open) { _ in calls.post(1) }
                ws.onopen = { _ in calls.post(0) }
                ws.addEventListener(.open) { _ in calls.post(3) }
                // It keeps its place.
                ws.onopen = { _ in calls.post(2) }
            }.get()
            for number in 1...3 { #expect(await calls.next() == number) }
        }
    }

    /// events/010 to 014, eventhandlers: nil takes a handler away, and the place with it.
    @Test func noHandlerAnyMore() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let calls = Mailbox<Int>()
            try await ws.eventLoop.submit {
                ws.onopen = { _ in calls.post(0) }
                ws.addEventListener(.open) { _ in calls.post(1) }
                ws.onopen = nil
                ws.onopen = { _ in calls.post(2) }
                ws.onmessage = { _ in }
                ws.onmessage = nil
                ws.onerror = nil
                ws.onclose = nil
            }.get()
            #expect(await calls.next() == 1)
            #expect(await calls.next() == 2)
        }
    }

    /// events/001, 002, 006: getting and setting.
    @Test func properties() async throws {
        let ws = try WebSocket("ws://127.0.0.1:1")
        #expect(ws.onopen == nil && ws.onmessage == nil && ws.onerror == nil && ws.onclose == nil)
        let calls = Mailbox<Int>()
        ws.onopen = { _ in calls.post(1) }
        ws.onopen?(Event(type: "open", target: ws))
        #expect(await calls.next() == 1)
        ws.onopen = nil
        #expect(ws.onopen == nil)
        #expect(ws.onmessage == nil)
        // Listeners are no properties.
        ws.addEventListener(.open) { _ in }
        #expect(ws.onopen == nil)
    }

    /// events/019: removed, also by a listener in front, for the event that is being told.
    @Test func removal() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let calls = Mailbox<Int>()
            try await ws.eventLoop.submit {
                let before = ws.addEventListener(.open) { _ in calls.post(0) }
                ws.removeEventListener(before)
                // Again does nothing.
                ws.removeEventListener(before)
                let victims = Mutex<[EventListener]>([])
                ws.addEventListener(.open) { _ in
                    calls.post(1)
                    for victim in victims.withLock({ $0 }) { ws.removeEventListener(victim) }
                }
                let second = ws.addEventListener(.open) { _ in calls.post(0) }
                ws.onopen = { _ in calls.post(2) }
                let third = ws.addEventListener(.open) { _ in calls.post(0) }
                victims.withLock { $0 = [second, third] }
                ws.addEventListener(.open) { _ in calls.post(3) }
            }.get()
            for number in 1...3 { #expect(await calls.next() == number) }
        }
    }

    /// A handler that changes handlers: the property counts as it is when its turn comes; a listener that is added hears of the
    /// next event only.
    @Test func changesFromWithin() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let calls = Mailbox<String>()
            try await ws.eventLoop.submit {
                ws.addEventListener(.message, once: true) { _ in
                    ws.onmessage = { _ in calls.post("replaced") }
                    ws.addEventListener(.message) { _ in calls.post("added") }
                }
                ws.onmessage = { _ in calls.post("original") }
                ws.addEventListener(.message) { _ in calls.post("end") }
                ws.onopen = { _ in
                    try? ws.send("1")
                    try? ws.send("2")
                }
            }.get()
            for call in ["replaced", "end", "replaced", "end", "added"] { #expect(await calls.next() == call) }
        }
    }

    /// The same with a property that is taken away.
    @Test func takenAwayFromWithin() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let calls = Mailbox<String>()
            try await ws.eventLoop.submit {
                ws.addEventListener(.open) { _ in ws.onopen = nil }
                ws.onopen = { _ in calls.post("never") }
                ws.addEventListener(.open) { _ in calls.post("end") }
            }.get()
            #expect(await calls.next() == "end")
        }
    }

    @Test func once() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let calls = Mailbox<String>()
            ws.addEventListener(.message, once: true) { calls.post("once \($0.data)") }
            ws.addEventListener(.message) { calls.post("always \($0.data)") }
            ws.onopen = { _ in
                try? ws.send("1")
                try? ws.send("2")
            }
            for call in ["once 1", "always 1", "always 2"] { #expect(await calls.next() == call) }
        }
    }

    /// events/004: a listener's name; events/020: ErrorEvent says what a browser hides.
    @Test func names() throws {
        let ws = try WebSocket("ws://127.0.0.1:1")
        #expect(ws.addEventListener(.open) { _ in }.type == "open")
        #expect(ws.addEventListener(.message) { _ in }.type == "message")
        #expect(ws.addEventListener(.error) { _ in }.type == "error")
        #expect(ws.addEventListener(.close) { _ in }.type == "close")
        struct Odd: Error, CustomStringConvertible { let description = "odd" }
        let event = ErrorEvent(target: ws, error: Odd())
        #expect(event.type == "error" && event.message == "odd" && event.error is Odd)
    }

    /// CloseEvent/constructor: the defaults; MessageEvent's and Event's.
    @Test func eventsOfOnesOwn() throws {
        let ws = try WebSocket("ws://127.0.0.1:1")
        let close = CloseEvent(target: ws)
        #expect(close.type == "close" && !close.wasClean && close.code == 0 && close.reason == "")
        let full = CloseEvent(target: ws, wasClean: true, code: 3000, reason: "why")
        #expect(full.wasClean && full.code == 3000 && full.reason == "why")
        let message = MessageEvent(target: ws, data: .string("x"))
        #expect(message.type == "message" && message.origin == "" && "\(message.data)" == "x")
        #expect("\(MessageEvent.Data.arrayBuffer(ByteBuffer(bytes: [1, 2])))" == "ArrayBuffer(byteLength: 2)")
        #expect("\(MessageEvent.Data.blob(Blob([1], type: "a/b")))" == "Blob(size: 1, type: \"a/b\")")
    }
}
