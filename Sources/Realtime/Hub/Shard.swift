import RealtimeCore
import Synchronization

/// The hub's part on one event loop: who reads what there. All but ``receive(_:)`` belongs to the loop.
///
/// What is stored in a room comes into the inbox of each loop that has readers, in the room's order. The loop goes through it once for all
/// that has come together, and its connections write once for each time.
final class Shard: @unchecked Sendable {
    /// Something that happened in a room.
    enum Delivery: Sendable {
        case message(RoomMessage<Publication>, Position, Topic)
        case presence(PresenceChange<MemberInfo>, Topic)
    }

    /// How many bytes of messages may wait for the loop: 16 MiB. It is behind then by more than a second or so; what comes is not kept,
    /// and readers go on from the log.
    static let maxInbox = 16 << 20
    /// How many messages are read from a log at once for a reader that is behind, and how many bytes: 64 and 32 KiB, so that all
    /// others of the loop get their turn between.
    static let readLimit = 64
    static let readBytes = 32 << 10

    /// How many bytes of messages go out to a connection at once: 32 KiB, which any has room for that is not slow.
    static let batchBytes = 32 << 10

    private struct Inbox: ~Copyable {
        var deliveries: [Delivery] = []
        var bytes = 0
        /// Rooms of which something was not kept.
        var lost: [ObjectIdentifier: Topic] = [:]
        var isScheduled = false
    }

    let loop: any HubLoop
    private let inbox = Mutex(Inbox())
    private var rooms: [RoomName: ShardRoom] = [:]
    unowned let hub: RealtimeHub

    init(_ loop: any HubLoop, of hub: RealtimeHub) {
        self.loop = loop
        self.hub = hub
    }

    // MARK: What comes

    /// Something happened in a room. From any thread.
    func receive(_ delivery: Delivery) {
        let wakes = self.inbox.withLock { inbox in
            if case .message(let message, _, let topic) = delivery {
                if inbox.bytes + message.size > Shard.maxInbox {
                    inbox.lost[ObjectIdentifier(topic)] = topic
                } else {
                    inbox.bytes += message.size + 64
                    inbox.deliveries.append(delivery)
                }
            } else {
                inbox.deliveries.append(delivery)
            }
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        if wakes { self.loop.execute { self.deliver() } }
    }

    private func deliver() {
        let (deliveries, lost) = self.inbox.withLock { inbox in
            defer { inbox = Inbox() }
            return (inbox.deliveries, inbox.lost)
        }
        var rest = deliveries[...]
        while let delivery = rest.first {
            switch delivery {
            case .message(_, let position, let topic):
                let batch = Shard.batch(&rest, of: topic, from: position)
                guard let room = self.rooms[topic.name], room.topic === topic else { continue }
                self.deliver(batch, from: position, to: room, isLast: rest.isEmpty)
            case .presence(let change, let topic):
                rest.removeFirst()
                guard let room = self.rooms[topic.name], room.topic === topic, room.watchers > 0 else { continue }
                self.deliver(change, to: room)
            }
        }
        for topic in lost.values {
            guard let room = self.rooms[topic.name] else { continue }
            for subscriber in room.subscribers where subscriber.state == .live { self.readOn(subscriber) }
        }
    }

    /// Takes messages of a room that follow each other, so that they go out together.
    private static func batch(
        _ deliveries: inout ArraySlice<Delivery>, of topic: Topic, from start: Position
    ) -> [RoomMessage<Publication>] {
        var (batch, bytes) = ([RoomMessage<Publication>](), 0)
        while case .message(let message, let position, let other)? = deliveries.first, other === topic,
            position == Position(epoch: start.epoch, offset: start.offset + UInt64(batch.count)),
            batch.isEmpty || bytes + message.size <= Shard.batchBytes
        {
            batch.append(message)
            bytes += message.size
            deliveries.removeFirst()
        }
        return batch
    }

    /// Gives messages that follow each other to all who have seen what is before them.
    private func deliver(
        _ batch: [RoomMessage<Publication>], from start: Position, to room: ShardRoom, isLast: Bool
    ) {
        let texts = batch.map { MessageWire($0, in: start.epoch).frame(in: room.topic.name) }
        let last = Position(epoch: start.epoch, offset: start.offset + UInt64(batch.count - 1))
        room.delivered = last
        let outgoing = OutgoingMessages(texts, isLast: isLast)
        for subscriber in room.subscribers where subscriber.state == .live {
            guard subscriber.position.epoch == start.epoch else {
                self.readOn(subscriber)
                continue
            }
            let next = subscriber.position.offset + 1
            if next == start.offset {
                self.push(outgoing, last, to: subscriber)
            } else if next > last.offset {
                // It was read from the log already.
                continue
            } else if next > start.offset {
                self.push(OutgoingMessages(Array(texts[Int(next - start.offset)...])), last, to: subscriber)
            } else {
                self.readOn(subscriber)
            }
        }
    }

    /// Sends messages to a reader that has seen all before them; they end at the position.
    private func push(_ outgoing: OutgoingMessages, _ position: Position, to subscriber: Subscriber) {
        switch subscriber.connection.send(outgoing) {
        case .sent:
            subscriber.position = position
        case .slow:
            subscriber.position = position
            if subscriber.room.topic.policy.slowReaders != .disconnect { subscriber.state = .waiting }
        case .full:
            subscriber.state = .waiting
            if subscriber.room.topic.policy.slowReaders == .disconnect {
                subscriber.client.connection.close(code: 1013, reason: "too slow")
            }
        case .closed:
            subscriber.state = .waiting
        }
    }

    private func deliver(_ change: PresenceChange<MemberInfo>, to room: ShardRoom) {
        let outgoing = OutgoingMessages([ServerMessage.member(room: room.topic.name, change.wire).json])
        for subscriber in room.subscribers where subscriber.seesMembers {
            subscriber.client.say(outgoing)
        }
    }

    // MARK: Who reads

    /// A client wants to read a room.
    func add(_ client: HubClient, to name: RoomName) -> Subscriber {
        let room: ShardRoom
        if let found = self.rooms[name] {
            room = found
        } else {
            room = ShardRoom(self.hub.acquire(name))
            self.rooms[name] = room
            room.topic.state.withLock { $0.shards.append(self) }
        }
        let subscriber = Subscriber(client, in: room, at: Position(epoch: Epoch(random: 0), offset: 0))
        room.add(subscriber)
        return subscriber
    }

    /// Reads the room's log for a new subscriber.
    ///
    /// - Parameter joined: Called on the loop, unless the subscriber has left. It sends what was read, by ``send(_:to:)``.
    func start(
        _ subscriber: Subscriber, from start: ReadingStart,
        _ joined: @escaping (Result<Reading<Publication>, BrokerError>) -> Void
    ) {
        let (loop, hub, name) = (self.loop, self.hub, subscriber.room.topic.name)
        // Both are only touched on the loop.
        nonisolated(unsafe) let (place, joined) = (subscriber, joined)
        @Sendable func end(_ result: Result<Reading<Publication>, BrokerError>) {
            loop.onLoop { if place.state == .reading { joined(result) } }
        }
        // Subscribed first, so that nothing is stored between what is read and what is delivered.
        hub.broker.subscribe(to: name) { result in
            if case .failure(let error) = result { return end(.failure(error)) }
            hub.broker.read(name, from: start, limit: Shard.readLimit, maxBytes: Shard.readBytes, end)
        }
    }

    /// A subscriber leaves its room.
    func leave(_ subscriber: Subscriber) {
        let room = subscriber.room
        room.remove(subscriber)
        guard room.subscribers.isEmpty else { return }
        self.rooms[room.topic.name] = nil
        room.topic.state.withLock { $0.shards.removeAll { $0 === self } }
        self.hub.release(room.topic)
    }

    /// There is room again for a reader that was too slow.
    func drained(_ subscriber: Subscriber) {
        guard subscriber.state == .waiting else { return }
        self.readOn(subscriber)
    }

    /// Reads the log on for a reader that is behind.
    func readOn(_ subscriber: Subscriber) {
        subscriber.state = .reading
        let policy = subscriber.room.topic.policy.slowReaders
        nonisolated(unsafe) let place = subscriber
        self.hub.broker.read(
            subscriber.room.topic.name, from: .after(subscriber.position),
            limit: policy == .skip ? 0 : policy.batch.limit, maxBytes: policy.batch.maxBytes
        ) { result in
            self.loop.onLoop {
                guard place.state == .reading else { return }
                switch result {
                case .success(let reading): self.take(reading, for: place)
                // The client comes back, and tries again.
                case .failure: place.client.connection.close(code: 1013, reason: "the room cannot be read")
                }
            }
        }
    }

    private func take(_ reading: Reading<Publication>, for subscriber: Subscriber) {
        let policy = subscriber.room.topic.policy.slowReaders
        switch policy {
        case .catchUp, .disconnect, .latestPerKey:
            self.send(policy.rest(of: reading), to: subscriber)
        case .skip:
            if reading.latest != subscriber.position { self.tellGap(before: reading.latest, to: subscriber) }
            subscriber.position = reading.latest
            self.goLive(subscriber, hasMore: false)
        }
    }

    /// Sends what was read, as far as the connection takes it.
    func send(_ reading: Reading<Publication>, to subscriber: Subscriber) {
        if !reading.recovered, reading.start != subscriber.position {
            self.tellGap(before: reading.start, to: subscriber)
        }
        subscriber.position = reading.start
        if !reading.messages.isEmpty {
            let texts = reading.messages.map {
                MessageWire($0, in: reading.start.epoch).frame(in: subscriber.room.topic.name)
            }
            self.push(OutgoingMessages(texts), reading.position, to: subscriber)
            if subscriber.state != .reading { return }
        }
        subscriber.position = reading.position
        self.goLive(subscriber, hasMore: reading.hasMore)
    }

    private func tellGap(before position: Position, to subscriber: Subscriber) {
        subscriber.client.say(
            OutgoingMessages([ServerMessage.gap(room: subscriber.room.topic.name, position: position).json]))
    }

    /// A reader gets from now on what comes, if it has all that has come.
    private func goLive(_ subscriber: Subscriber, hasMore: Bool) {
        let delivered = subscriber.room.delivered
        let isBehind =
            delivered.map { $0.epoch != subscriber.position.epoch || $0.offset > subscriber.position.offset } ?? false
        guard hasMore || isBehind else {
            subscriber.state = .live
            return
        }
        nonisolated(unsafe) let place = subscriber
        // The others of the loop come first.
        self.loop.execute { if place.state == .reading { self.readOn(place) } }
    }
}
