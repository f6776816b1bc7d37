import Logging
import Realtime
import RealtimeCore
import ServiceLifecycle

/// Plays a scene in a room for as long as somebody reads it, and some time longer. Nobody there: no timer, no message; the scene stands
/// still, and goes on from there.
///
/// One task for the whole scene. ``run()`` ends at a graceful shutdown, or when it is cancelled.
struct ScenePlayer<Play: Scene, Time: Clock<Duration>>: Service {
    /// How long it goes on when the last reader has gone: 60 seconds, so that whoever polls seldom, reloads the page or has lost the
    /// connection finds that it went on.
    static var linger: Duration { .seconds(60) }
    /// How far it may be behind its time before it goes on from now instead: 1 second. A machine that slept has nothing to catch up.
    static var maxLag: Duration { .seconds(1) }

    let hub: RealtimeHub
    let room: RoomName
    let scene: Play
    let clock: Time
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown { try await self.play() }
    }

    /// Plays until the task is cancelled.
    func play() async throws {
        let audience = self.hub.audience(of: self.room)
        var scene = self.scene
        while true {
            try await audience.arrival()
            await self.publish(scene.present())
            var due = self.clock.now
            while audience.isThere(within: Self.linger) {
                let moment = scene.next()
                due = due.advanced(by: moment.pause)
                if due.duration(to: self.clock.now) > Self.maxLag { due = self.clock.now }
                try await self.clock.sleep(until: due, tolerance: nil)
                await self.publish(moment.messages)
            }
        }
    }

    private func publish(_ messages: [SceneMessage]) async {
        for message in messages {
            do {
                try await self.hub.publish(message.data, in: self.room, key: message.key)
            } catch {
                // Each message says all that has to be known, so the next one makes good for it.
                self.logger.debug(
                    "A scene's message was not stored", metadata: ["room": "\(self.room)", "error": "\(error)"])
            }
        }
    }
}
