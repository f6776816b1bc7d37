import Testing

@testable import Realtime
@testable import duplex

@Suite struct MatchSimulationTests {
    /// What is told in some matches.
    private func told(_ seed: UInt64, matches: Int = 3) -> [(pause: Duration, event: MatchEvent?, state: MatchState)] {
        var match = MatchSimulation(seed: seed)
        var told: [(Duration, MatchEvent?, MatchState)] = []
        while true {
            let (pause, event) = match.step()
            if match.state.match > matches { return told }
            told.append((pause, event, match.state))
        }
    }

    @Test func theSameSeedIsTheSameMatch() {
        let (first, second, other) = (self.told(7), self.told(7), self.told(8))
        #expect(first.map(\.state) == second.map(\.state))
        #expect(first.map(\.event) == second.map(\.event))
        #expect(first.map(\.pause) == second.map(\.pause))
        #expect(first.map(\.event) != other.map(\.event))
    }

    @Test(arguments: UInt64(0)..<10) func theClockNeverGoesBack(seed: UInt64) {
        let told = self.told(seed)
        var wrong: [MatchState] = []
        for (before, after) in zip(told, told.dropFirst()) where before.state.match == after.state.match {
            // The second half begins with minute 46, whatever was added to the first.
            if after.event?.kind == .secondHalf {
                if after.state.clock != 45 * 60 { wrong.append(after.state) }
            } else if before.state.clock > after.state.clock {
                wrong.append(after.state)
            }
        }
        #expect(wrong == [])
        #expect(told.allSatisfy { $0.pause >= .zero })
    }

    @Test(arguments: UInt64(0)..<10) func theScoreIsTheGoalsThatWereTold(seed: UInt64) {
        var goals = [0, 0]
        var wrong: [MatchState] = []
        for (_, event, state) in self.told(seed) {
            if event?.kind == .kickOff { goals = [0, 0] }
            if event?.kind == .goal, let team = event?.team { goals[team] += 1 }
            if state.score != goals { wrong.append(state) }
        }
        #expect(wrong == [])
    }

    @Test(arguments: UInt64(0)..<10) func phasesFollowEachOther(seed: UInt64) {
        let kinds: Set<MatchEvent.Kind> = [.kickOff, .halfTime, .secondHalf, .fullTime]
        let phases = self.told(seed).compactMap(\.event).filter { kinds.contains($0.kind) }.map(\.kind)
        let match: [MatchEvent.Kind] = [.kickOff, .halfTime, .secondHalf, .fullTime]
        #expect(phases == match + match + match)
    }

    @Test(arguments: UInt64(0)..<10) func whoWasSentOffIsNotSeenAgain(seed: UInt64) {
        var (off, booked) = ([Set<Int>]([[], []]), [Set<Int>]([[], []]))
        var wrong: [MatchEvent] = []
        // Many matches: few are sent off.
        for (_, event, state) in self.told(seed, matches: 20) {
            if event?.kind == .kickOff { (off, booked) = ([[], []], [[], []]) }
            guard let event, let team = event.team else { continue }
            if let player = event.player {
                if off[team].contains(player) { wrong.append(event) }
                if event.kind == .yellow, !booked[team].insert(player).inserted { wrong.append(event) }
                if event.kind == .secondYellow {
                    if !booked[team].contains(player) { wrong.append(event) }
                    off[team].insert(player)
                }
            }
            if state.red[team] != off[team].count { wrong.append(event) }
            if state.yellow[team] != booked[team].count + off[team].count { wrong.append(event) }
        }
        #expect(wrong == [])
    }

    /// A match takes some four minutes and a half, and something happens every few seconds.
    @Test func itIsLively() {
        let told = (UInt64(0)..<20).flatMap { self.told($0, matches: 1) }
        let seconds = told.reduce(Duration.zero) { $0 + $1.pause } / 20
        #expect(seconds > .seconds(240) && seconds < .seconds(280))
        let events = told.count { $0.event != nil } / 20
        #expect(events > 50)
        let goals = told.count { $0.event?.kind == .goal }
        #expect(goals > 40 && goals < 120)
        #expect(told.allSatisfy { $0.pause <= MatchSimulation.fullTimePause })
    }

    @Test func minutesAreToldAsPeopleDo() {
        var state = MatchState()
        #expect(state.minute == (1, 0))
        state.clock = 59
        #expect(state.minute == (1, 0))
        state.clock = 60
        #expect(state.minute == (2, 0))
        state.clock = 45 * 60
        #expect(state.minute == (45, 1))
        state.clock = 47 * 60
        state.phase = .halfTime
        #expect(state.minute == (45, 2))
        state.phase = .secondHalf
        state.clock = 45 * 60
        #expect(state.minute == (46, 0))
        state.clock = 91 * 60
        #expect(state.minute == (90, 2))
        state.phase = .fullTime
        #expect(state.minute == (90, 1))
    }

    @Test func aMessageHasTheWholeState() throws {
        var state = MatchState()
        state.clock = 46 * 60
        (state.score, state.corners, state.yellow, state.red) = ([1, 0], [3, 12], [0, 2], [0, 1])
        let json = state.json(MatchEvent(kind: .goal, team: 0, player: 9))
        #expect(
            String(decoding: json, as: UTF8.self)
                == #"{"match":1,"teams":["Harbour Town","Northgate"],"phase":"first-half","minute":45,"added":2,"score":[1,0],"corners":[3,12],"yellow":[0,2],"red":[0,1],"event":{"kind":"goal","team":0,"player":9}}"#
        )
        let clock = MatchState().json(nil)
        #expect(!String(decoding: clock, as: UTF8.self).contains("event"))
    }

    @Test func allMessagesAreJSON() throws {
        var match = MatchSimulation(seed: 3)
        for _ in 0..<500 {
            for message in match.next().messages + match.present() { _ = try JSONText(checking: message.data) }
        }
    }

    @Test func thePresentIsWhatWasToldLastWithoutItsEvent() {
        var match = MatchSimulation(seed: 3)
        for _ in 0..<100 {
            let (_, event) = match.step()
            #expect(match.present().map(\.data) == [match.state.json(nil)])
            _ = event
        }
    }
}
