import NIOCore
import Testing
import WebSocketCore

@testable import WebSocketNIO

struct DrainPolicyTests {
    @Test func defaults() {
        let policy = DrainPolicy()
        #expect(policy.pace == 1000)
        #expect(policy.window == .seconds(10))
        #expect(policy.reconnectAfter == nil)
    }

    @Test func frames() throws {
        #expect(DrainPolicy().frame == (try CloseFrame(code: 1001, reason: "the server shuts down")))
        let restart = DrainPolicy(reconnectAfter: .milliseconds(1500))
        #expect(restart.frame == (try CloseFrame(code: 1012, reason: "reconnect after 1500 ms")))
    }

    /// In batches of a tenth of a second, a tenth of the pace each.
    @Test func byPace() {
        let policy = DrainPolicy(pace: 100, window: .seconds(60))
        let delays = (0..<30).map { policy.delay(slot: $0, of: 30) }
        #expect(delays[0..<10].allSatisfy { $0 == .zero })
        #expect(delays[10..<20].allSatisfy { $0 == .milliseconds(100) })
        #expect(delays[20..<30].allSatisfy { $0 == .milliseconds(200) })
    }

    /// All are told within the window, however many there are, and evenly.
    @Test(arguments: [1, 2, 1000, 10_000, 1_000_000])
    func byWindow(count: Int) {
        let policy = DrainPolicy(pace: 100, window: .seconds(2))
        var batches: [Duration: Int] = [:]
        for slot in 0..<count { batches[policy.delay(slot: slot, of: count), default: 0] += 1 }
        #expect(batches.keys.allSatisfy { $0 >= .zero && $0 <= .seconds(2) })
        let expected = max(10, count / 20 + 1)
        #expect(batches.values.allSatisfy { $0 <= expected })
    }

    /// More than were counted at first go with the last.
    @Test func latecomers() {
        let policy = DrainPolicy(pace: 1, window: .seconds(2))
        #expect(policy.delay(slot: 50, of: 10) == .seconds(2))
        #expect(DrainPolicy(pace: 1, window: .zero).delay(slot: 50, of: 10) == .zero)
    }
}
