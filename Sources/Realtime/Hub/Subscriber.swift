import RealtimeCore

/// A connection's place in a room. It belongs to its loop.
final class Subscriber {
    enum State {
        /// It gets what comes, as it comes.
        case live
        /// The log is being read for it.
        case reading
        /// Its connection takes no more.
        case waiting
        /// It has left.
        case gone
    }

    /// Borrowed: the client holds its subscribers, and takes them out of their rooms when it goes.
    unowned let client: HubClient
    /// The client's. It and this hold each other until the client is gone; asking the client for it costs as much as a lock, for each message.
    let connection: any HubConnection
    let room: ShardRoom
    /// Where it is.
    var position: Position
    var state = State.reading
    /// Whether it sees who comes and goes.
    var seesMembers = false
    /// Its place among the room's subscribers.
    var index = 0

    init(_ client: HubClient, in room: ShardRoom, at position: Position) {
        self.client = client
        self.connection = client.connection
        self.room = room
        self.position = position
    }
}

/// What one loop has of a room. It belongs to its loop.
final class ShardRoom {
    let topic: Topic
    var subscribers: [Subscriber] = []
    /// How many of them see who comes and goes.
    var watchers = 0
    /// The newest message that came to this loop.
    var delivered: Position?

    init(_ topic: Topic) {
        self.topic = topic
    }

    func add(_ subscriber: Subscriber) {
        subscriber.index = self.subscribers.count
        self.subscribers.append(subscriber)
    }

    /// In constant time; the last one takes its place.
    func remove(_ subscriber: Subscriber) {
        let last = self.subscribers.removeLast()
        if last !== subscriber {
            self.subscribers[subscriber.index] = last
            last.index = subscriber.index
        }
        if subscriber.seesMembers { self.watchers -= 1 }
        subscriber.state = .gone
    }
}
