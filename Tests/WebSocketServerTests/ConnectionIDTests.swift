import Testing

@testable import WebSocketServer

struct ConnectionIDTests {
    @Test func unique() {
        let ids = (0..<10_000).map { _ in ConnectionID.next().description }
        #expect(Set(ids).count == 10_000)
        #expect(ids.allSatisfy { $0.count == 13 })
    }
}
