/// A football match of two made-up teams, and after it the next one, without end. A value: the same seed gives the same matches.
///
/// Something is told at the beginning of each minute of the match and when something happens; each message has the whole state, so that
/// whoever comes late, or asks now and then, sees a true picture.
struct MatchSimulation: Scene, Equatable {
    /// The names of the teams. None of them is there.
    static let teams = [
        "Harbour Town", "Northgate", "Old Mill", "Red Lantern", "Riverside", "Silver Lake", "Stonebridge",
        "Westfield Star",
    ]
    /// A half in seconds on its clock.
    static let half = 45 * 60
    /// A match's 90 minutes take 4: so many of its seconds pass in one.
    static let speed = 22.5
    /// How long half-time is, in real time.
    static let halfTimePause = Duration.seconds(10)
    /// How long the result stands until the next match begins, in real time.
    static let fullTimePause = Duration.seconds(20)
    /// In how many of a hundred minutes something happens: 65, some 4 seconds apart.
    static let eventfulMinutes = 65
    /// How many of a team may be sent off: 4, as a team of fewer than seven does not play on.
    static let maxSentOff = 4

    private(set) var state = MatchState()
    private var generator: SceneGenerator
    /// How many seconds the half lasts, with what is added.
    private var halfEnd = MatchSimulation.half
    /// What is still to come in this minute.
    private var upcoming: [(second: Int, event: MatchEvent)] = []
    /// Who has seen yellow, and who red, by team.
    private var booked: [Set<Int>] = [[], []]
    private var sentOff: [Set<Int>] = [[], []]
    /// Nil before the first kick-off.
    private var hasBegun = false

    init(seed: UInt64) {
        self.generator = SceneGenerator(seed: seed)
        self.draw()
    }

    static func == (left: MatchSimulation, right: MatchSimulation) -> Bool {
        left.state == right.state && left.generator == right.generator
    }

    func present() -> [SceneMessage] { [SceneMessage(data: self.state.json(nil))] }

    mutating func next() -> SceneMoment {
        let (pause, event) = self.step()
        return SceneMoment(pause: pause, messages: [SceneMessage(data: self.state.json(event))])
    }

    /// Goes on to what is told next.
    ///
    /// - Returns: How long after what was told last, and what has happened; nil where only the clock goes on.
    mutating func step() -> (pause: Duration, event: MatchEvent?) {
        switch self.state.phase {
        case _ where !self.hasBegun:
            self.hasBegun = true
            self.beginHalf()
            return (.zero, MatchEvent(kind: .kickOff))
        case .firstHalf, .secondHalf:
            return self.play()
        case .halfTime:
            self.state.phase = .secondHalf
            self.state.clock = MatchSimulation.half
            self.beginHalf()
            return (MatchSimulation.halfTimePause, MatchEvent(kind: .secondHalf))
        case .fullTime:
            self.state = MatchState(match: self.state.match + 1)
            self.draw()
            self.beginHalf()
            return (MatchSimulation.fullTimePause, MatchEvent(kind: .kickOff))
        }
    }

    // MARK: Time

    private mutating func play() -> (Duration, MatchEvent?) {
        if let first = self.upcoming.first {
            self.upcoming.removeFirst()
            return (self.advance(to: first.second), self.happens(first.event))
        }
        let minute = min((self.state.clock / 60 + 1) * 60, self.halfEnd)
        let pause = self.advance(to: minute)
        if minute == self.halfEnd {
            let isFirst = self.state.phase == .firstHalf
            self.state.phase = isFirst ? .halfTime : .fullTime
            return (pause, MatchEvent(kind: isFirst ? .halfTime : .fullTime))
        }
        self.planMinute()
        return (pause, nil)
    }

    private mutating func advance(to second: Int) -> Duration {
        defer { self.state.clock = second }
        return .milliseconds(Int(Double(second - self.state.clock) / MatchSimulation.speed * 1000))
    }

    private mutating func beginHalf() {
        let end = self.state.phase == .firstHalf ? MatchSimulation.half : 2 * MatchSimulation.half
        self.halfEnd = end + 60 * (1 + self.generator.below(4))
        self.planMinute()
    }

    // MARK: What happens

    private mutating func draw() {
        let home = self.generator.below(MatchSimulation.teams.count)
        let guest = (home + 1 + self.generator.below(MatchSimulation.teams.count - 1)) % MatchSimulation.teams.count
        self.state.teams = [home, guest]
        self.booked = [[], []]
        self.sentOff = [[], []]
    }

    /// Draws what is to happen in the minute that begins.
    private mutating func planMinute() {
        guard self.generator.chance(MatchSimulation.eventfulMinutes) else { return }
        let second = self.state.clock + 5 + self.generator.below(40)
        // The home team has a little more of the match.
        let team = self.generator.chance(53) ? 0 : 1
        let kind: MatchEvent.Kind =
            switch self.generator.below(100) {
            case ..<6: .goal
            case ..<22: .save
            case ..<40: .wide
            case ..<56: .corner
            case ..<84: .foul
            case ..<93: .offside
            default: .yellow
            }
        self.upcoming = [(second, MatchEvent(kind: kind, team: team))]
        // A shot that was held often leads to a corner.
        if kind == .save, self.generator.chance(40) {
            self.upcoming.append((second + 8, MatchEvent(kind: .corner, team: team)))
        }
    }

    /// Lets it happen: only now is it known who is still on the pitch.
    private mutating func happens(_ planned: MatchEvent) -> MatchEvent {
        guard let team = planned.team else { return planned }
        var event = planned
        switch event.kind {
        case .goal:
            self.state.score[team] += 1
            event.player = self.player(of: team)
        case .save, .wide, .foul, .offside:
            event.player = self.player(of: team)
        case .corner:
            self.state.corners[team] += 1
        case .yellow where self.sentOff[team].count == MatchSimulation.maxSentOff:
            event.kind = .foul
            event.player = self.player(of: team)
        case .yellow:
            let player = self.player(of: team)
            event.player = player
            self.state.yellow[team] += 1
            if !self.booked[team].insert(player).inserted {
                event.kind = .secondYellow
                self.sentOff[team].insert(player)
                self.state.red[team] += 1
            }
        case .kickOff, .secondYellow, .halfTime, .secondHalf, .fullTime:
            break
        }
        return event
    }

    /// One of those in the field: 2 to 11, without those who were sent off.
    private mutating func player(of team: Int) -> Int {
        self.generator.pick((2...11).filter { !self.sentOff[team].contains($0) })
    }
}
