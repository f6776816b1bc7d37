import Realtime

/// The messages that the page `/ways` reads: small ones with a number, evenly spaced. `{"number":17}`
struct FeedScene: Scene, Equatable {
    /// How far apart they are: 50 milliseconds, 20 messages a second. So many that a second shows a difference, and so few that they are
    /// no burden.
    static let interval = Duration.milliseconds(50)

    private var number = 0

    /// There is nothing to know for somebody who comes in between.
    func present() -> [SceneMessage] { [] }

    mutating func next() -> SceneMoment {
        self.number += 1
        var writer = JSONWriter(capacity: 24)
        writer.raw(#"{"number":"#)
        writer.count(self.number)
        writer.raw("}")
        return SceneMoment(pause: FeedScene.interval, messages: [SceneMessage(data: writer.bytes)])
    }
}
