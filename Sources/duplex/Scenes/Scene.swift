import RealtimeCore

/// Something that happens by itself and is told in a room, without a clock or I/O: the same beginning always goes on in the same way.
protocol Scene: Sendable {
    /// All there is to know now, for somebody who comes in between.
    func present() -> [SceneMessage]

    /// Goes on to the next moment at which there is something to tell.
    mutating func next() -> SceneMoment
}

/// What is told of a scene at one time.
struct SceneMoment: Sendable, Equatable {
    /// How long after the moment before.
    var pause: Duration
    /// In this order.
    var messages: [SceneMessage]
}

/// A message of a scene.
struct SceneMessage: Sendable, Equatable {
    /// JSON.
    var data: [UInt8]
    /// What it is about; see ``SlowReaderPolicy/latestPerKey``.
    var key: MessageKey?
}
