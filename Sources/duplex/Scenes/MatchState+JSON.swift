import Realtime

extension MatchState {
    /// The state as a message, and what has just happened:
    /// `{"match":1,"teams":["Northgate","Old Mill"],"phase":"first-half","minute":45,"added":2,"score":[1,0],"corners":[3,1],"yellow":[0,1],"red":[0,0],"event":{"kind":"goal","team":0,"player":9}}`.
    func json(_ event: MatchEvent?) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.raw(#"{"match":"#)
        writer.count(self.match)
        writer.raw(#","teams":["#)
        for (place, team) in self.teams.enumerated() {
            if place > 0 { writer.raw(",") }
            writer.string(MatchSimulation.teams[team])
        }
        writer.raw(#"],"phase":""#)
        writer.raw(self.phase.rawValue.utf8)
        let (minute, added) = self.minute
        writer.raw(#"","minute":"#)
        writer.count(minute)
        writer.raw(#","added":"#)
        writer.count(added)
        for (name, pair) in [
            (#","score":["#, self.score), (#","corners":["#, self.corners), (#","yellow":["#, self.yellow),
            (#","red":["#, self.red),
        ] {
            writer.raw(name.utf8)
            writer.count(pair[0])
            writer.raw(",")
            writer.count(pair[1])
            writer.raw("]")
        }
        if let event { writer.event(event) }
        writer.raw("}")
        return writer.bytes
    }
}

extension JSONWriter {
    /// A whole number that is not negative.
    mutating func count(_ number: Int) { self.number(UInt64(max(0, number))) }

    /// A number with one digit behind the point.
    mutating func tenths(_ number: Double) {
        let tenths = Int((number * 10).rounded())
        if tenths < 0 { self.raw("-") }
        self.count(abs(tenths) / 10)
        guard tenths % 10 != 0 else { return }
        self.raw(".")
        self.count(abs(tenths) % 10)
    }

    fileprivate mutating func event(_ event: MatchEvent) {
        self.raw(#","event":{"kind":""#)
        self.raw(event.kind.rawValue.utf8)
        self.raw("\"")
        if let team = event.team {
            self.raw(#","team":"#)
            self.count(team)
        }
        if let player = event.player {
            self.raw(#","player":"#)
            self.count(player)
        }
        self.raw("}")
    }
}
