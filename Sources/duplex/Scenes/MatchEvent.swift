/// Something that has happened in a match.
struct MatchEvent: Sendable, Equatable {
    /// What has happened. The names are those of the messages.
    enum Kind: String, Sendable, CaseIterable {
        case kickOff = "kick-off"
        case goal
        case save
        case wide
        case corner
        case foul
        case offside
        case yellow
        case secondYellow = "second-yellow"
        case halfTime = "half-time"
        case secondHalf = "second-half"
        case fullTime = "full-time"
    }

    var kind: Kind
    /// Which team's, 0 for the home team; nil for what is of both.
    var team: Int?
    /// The number on the shirt, where it is somebody's.
    var player: Int?
}

/// Which part of a match it is. The names are those of the messages.
enum MatchPhase: String, Sendable {
    case firstHalf = "first-half"
    case halfTime = "half-time"
    case secondHalf = "second-half"
    case fullTime = "full-time"
}

/// What is known of a match.
struct MatchState: Sendable, Equatable {
    /// Counts the matches since the start.
    var match = 1
    /// The places of the two teams in ``MatchSimulation/teams``, the home team first.
    var teams = [0, 1]
    var phase = MatchPhase.firstHalf
    /// Seconds on the clock: it begins the second half at 45 minutes.
    var clock = 0
    var score = [0, 0]
    var corners = [0, 0]
    var yellow = [0, 0]
    var red = [0, 0]

    /// The minute as it is told: the first one is 1, and what is beyond a half is that half's last minute and the ones added, such as 45+2.
    var minute: (minute: Int, added: Int) {
        let end = self.phase == .firstHalf || self.phase == .halfTime ? MatchSimulation.half : 2 * MatchSimulation.half
        let minute = min(self.clock / 60 + 1, end / 60)
        guard self.clock >= end else { return (minute, 0) }
        let isOver = self.phase == .halfTime || self.phase == .fullTime
        return (minute, (self.clock - end) / 60 + (isOver ? 0 : 1))
    }
}
