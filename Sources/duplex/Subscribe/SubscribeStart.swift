import ArgumentParser
import RealtimeCore

/// What `--after` takes: a position as the server writes it, or only its offset, for the room's present epoch.
enum SubscribeStart: Hashable, Sendable, ExpressibleByArgument {
    case position(Position)
    case offset(UInt64)

    init?(argument: String) {
        if let position = try? Position(parsing: argument) {
            self = .position(position)
        } else if let offset = UInt64(argument), String(offset) == argument {
            self = .offset(offset)
        } else {
            return nil
        }
    }
}
