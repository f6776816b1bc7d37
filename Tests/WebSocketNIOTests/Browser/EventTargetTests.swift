import Testing

@testable import WebSocketNIO

struct EventTargetTests {
    /// Calls, in order.
    private final class Calls: @unchecked Sendable {
        var list: [String] = []
    }

    private func dispatch(_ list: HandlerList<Int>, _ event: Int = 0) { list.dispatch(event) { $0 } }

    @Test func order() {
        let calls = Calls()
        var list = HandlerList<Int>()
        list.add(EventListener(type: "x")) { calls.list.append("a\($0)") }
        list.property = { calls.list.append("p\($0)") }
        list.add(EventListener(type: "x")) { calls.list.append("b\($0)") }
        self.dispatch(list, 1)
        #expect(calls.list == ["a1", "p1", "b1"])
        #expect(!list.isEmpty)
    }

    @Test func theProperty() {
        let calls = Calls()
        var list = HandlerList<Int>()
        #expect(list.isEmpty && list.property == nil)
        list.property = nil
        #expect(list.isEmpty)
        list.property = { _ in calls.list.append("1") }
        list.add(EventListener(type: "x")) { _ in calls.list.append("a") }
        // A new value keeps the place, nil gives it up.
        list.property = { _ in calls.list.append("2") }
        self.dispatch(list)
        list.property = nil
        list.property = { _ in calls.list.append("3") }
        self.dispatch(list)
        list.property?(0)
        #expect(calls.list == ["2", "a", "a", "3", "3"])
    }

    @Test func whatThePropertyHasBecome() {
        let calls = Calls()
        var list = HandlerList<Int>()
        list.add(EventListener(type: "x")) { _ in calls.list.append("in front") }
        list.property = { _ in calls.list.append("old") }
        list.dispatch(0) { _ in { _ in calls.list.append("new") } }
        list.dispatch(0) { _ in nil }
        #expect(calls.list == ["in front", "new", "in front"])
    }

    @Test func removed() {
        let calls = Calls()
        let (first, second) = (EventListener(type: "x"), EventListener(type: "x"))
        var list = HandlerList<Int>()
        list.add(first) { _ in
            calls.list.append("1")
            second.remove()
        }
        list.add(second) { _ in calls.list.append("2") }
        self.dispatch(list)
        #expect(calls.list == ["1"])
        list.remove(first)
        list.remove(first)
        #expect(list.entries.count == 1)
    }

    @Test func names() {
        #expect(EventType<Event>.open.name == "open")
        #expect(EventType<MessageEvent>.message.name == "message")
        #expect(EventType<ErrorEvent>.error.name == "error")
        #expect(EventType<CloseEvent>.close.name == "close")
    }
}
