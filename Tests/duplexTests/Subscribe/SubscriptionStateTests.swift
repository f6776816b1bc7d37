import RealtimeCore
import Testing

@testable import duplex

@Suite struct SubscriptionStateTests {
    private let one = Epoch(random: 1)
    private let two = Epoch(random: 2)

    private func at(_ offset: UInt64, _ epoch: Epoch? = nil) -> Position {
        Position(epoch: epoch ?? self.one, offset: offset)
    }

    @Test func theServerSaysWhereItBegins() {
        var state = SubscriptionState()
        #expect(state.joined(at: self.at(5), recovered: true) == .nothing)
        #expect(state.position == self.at(5))
        #expect(state.message(at: self.at(6)) == .show)
        #expect(state.position == self.at(6))
    }

    @Test func goesOnWhereItWas() {
        var state = SubscriptionState(after: self.at(5))
        #expect(state.joined(at: self.at(5), recovered: true) == .nothing)
        #expect(state.message(at: self.at(6)) == .show)
        #expect(state.joined(at: self.at(6), recovered: true) == .nothing)
        #expect(state.message(at: self.at(7)) == .show)
    }

    @Test func whatHasComeIsNotShownAgain() {
        var state = SubscriptionState(after: self.at(5))
        #expect(state.joined(at: self.at(3), recovered: true) == .nothing)
        #expect(state.message(at: self.at(4)) == .nothing)
        #expect(state.message(at: self.at(5)) == .nothing)
        #expect(state.message(at: self.at(6)) == .show)
        #expect(state.message(at: self.at(6)) == .nothing)
        #expect(state.position == self.at(6))
    }

    @Test func offsetsMayJump() {
        var state = SubscriptionState(after: self.at(5))
        #expect(state.message(at: self.at(9)) == .show)
    }

    @Test func gapsAreTold() {
        var state = SubscriptionState(after: self.at(5))
        #expect(state.joined(at: self.at(8), recovered: false) == .tellGap)
        #expect(state.message(at: self.at(9)) == .show)
        #expect(state.gap(before: self.at(20)) == .tellGap)
        #expect(state.gap(before: self.at(20)) == .nothing)
        #expect(state.gap(before: self.at(7)) == .nothing)
        #expect(state.message(at: self.at(20)) == .nothing)
        #expect(state.message(at: self.at(21)) == .show)
    }

    @Test func aGapThatIsNotToldIsSeen() {
        var state = SubscriptionState(after: self.at(5))
        #expect(state.joined(at: self.at(6), recovered: true) == .tellGap)
        #expect(state.joined(at: self.at(6, self.two), recovered: true) == .tellGap)
    }

    @Test func anotherEpochBeginsAnew() {
        var state = SubscriptionState(after: self.at(5))
        #expect(state.joined(at: self.at(0, self.two), recovered: false) == .tellGap)
        #expect(state.message(at: self.at(1, self.two)) == .show)
        #expect(state.gap(before: self.at(0)) == .tellGap)
        #expect(state.message(at: self.at(1)) == .show)
    }

    @Test func whatWasLostIsReadAgainFromTheBeginning() {
        // not recovered, and it begins before what has come: an offset that the server does not know
        var state = SubscriptionState(after: self.at(5))
        #expect(state.joined(at: self.at(0), recovered: false) == .tellGap)
        #expect(state.message(at: self.at(1)) == .show)
    }

    @Test func ends() {
        var state = SubscriptionState(count: 2)
        #expect(state.message(at: self.at(1)) == .show)
        #expect(state.message(at: self.at(1)) == .nothing)
        #expect(state.message(at: self.at(2)) == .showLast)
        #expect(state.remaining == 0)
    }

    @Test func pages() {
        var state = SubscriptionState()
        state.reached(self.at(5))
        state.reached(self.at(3))
        #expect(state.position == self.at(5))
    }
}
