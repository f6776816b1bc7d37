import Testing
import WebSocketClient

@testable import duplex

@Suite struct PublishRetryingTests {
    private func answered() -> PublishRetrying {
        var retrying = PublishRetrying()
        retrying.worked()
        return retrying
    }

    /// The next attempt begins while the server still knows the id, or not at all: however long it wants to be left alone.
    @Test(
        arguments: [
            (0, nil, true), (0, 0, true), (0, 250, true), (0, 260, false), (0, 600, false), (0, 3600, false),
            (200, nil, true), (200, 50, true), (200, 60, false), (259, 1, false), (260, nil, false), (1000, nil, false),
        ] as [(Int, Int?, Bool)]) func times(_ elapsed: Int, _ retryAfter: Int?, _ isMade: Bool)
    {
        var retrying = self.answered()
        let least = retryAfter.map { Duration.seconds($0) }
        let failure = RoomFailure("no", isPassing: true, retryAfter: least)
        let delay = retrying.delay(after: failure, elapsed: .seconds(elapsed))
        #expect((delay != nil) == isMade)
        guard let delay else { return }
        #expect(delay >= least ?? .zero)
        #expect(.seconds(elapsed) + delay < Publish.maxRetrying)
    }

    /// Ids are known for 300 seconds, and until an attempt sends it may take three times ten.
    @Test func theLastAttemptSendsInTime() {
        let way = DialOptions.defaultConnectTimeout + DialOptions.defaultHandshakeTimeout + RoomSocket.welcomeTime
        #expect(Publish.maxRetrying + way < .seconds(300))
    }

    @Test func whatDoesNotPass() {
        var retrying = self.answered()
        #expect(retrying.delay(after: RoomFailure("no"), elapsed: .zero) == nil)
    }

    /// The first attempt of all, where nothing can have been stored.
    @Test(
        arguments: [
            (DialError(.timedOut(.answer)), true), (DialError(.lost), true), (DialError(.connect("")), false),
            (RoomSocket.noWelcome, false), (RoomFailure("later", isPassing: true), true),
        ] as [(any Error, Bool)]) func theFirstOfAll(_ error: any Error, _ isRepeated: Bool)
    {
        var retrying = PublishRetrying()
        #expect((retrying.delay(after: error, elapsed: .zero) != nil) == isRepeated)
        var later = self.answered()
        #expect(later.delay(after: error, elapsed: .zero) != nil)
    }
}
