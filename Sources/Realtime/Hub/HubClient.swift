import RealtimeCore
import WebSocketNIO

/// Somebody who is connected to the hub by a connection that messages are pushed to. It belongs to its loop: all calls are there.
public final class HubClient {
    /// How many rooms one connection may be in: 256, as a session may.
    public static let maxRooms = 256
    /// How many messages that are none of the protocol a client may send before it is closed with 1008: 10.
    public static let maxErrors = 10

    /// Who it is.
    public let identity: Identity
    let id: ConnectionID
    let hub: RealtimeHub
    let shard: Shard
    let connection: any HubConnection
    var rooms: [RoomName: Subscriber] = [:]
    var session: SessionID?
    private var bucket: TokenBucket?
    private var presenceBucket: TokenBucket?
    private var errors = 0
    /// Whether messages that are not in a log wait for nobody: the connection is gone.
    private(set) var isGone = false

    init(_ hub: RealtimeHub, _ shard: Shard, _ connection: any HubConnection, _ identity: Identity, _ id: ConnectionID)
    {
        (self.hub, self.shard, self.connection, self.identity, self.id) = (hub, shard, connection, identity, id)
        self.bucket = hub.configuration.publishRate.map {
            TokenBucket(rate: $0, burst: hub.configuration.publishBurst)
        }
        self.presenceBucket = hub.configuration.presenceRate.map {
            TokenBucket(rate: $0, burst: hub.configuration.presenceBurst)
        }
    }

    // MARK: The connection's life

    /// There is room again, after ``HubSendResult/slow`` or ``HubSendResult/full``.
    public func drained() {
        for subscriber in self.rooms.values { self.shard.drained(subscriber) }
    }

    /// The connection is gone.
    public func closed() {
        guard !self.isGone else { return }
        self.isGone = true
        self.hub.left(self)
        for subscriber in self.rooms.values {
            if subscriber.seesMembers { self.hub.presence.leave(subscriber.room.topic.name, connection: self.id) }
            self.shard.leave(subscriber)
        }
        self.rooms = [:]
    }

    /// Sends what is no message of a room. A client that does not read its answers is closed: they are not kept.
    func say(_ messages: OutgoingMessages) {
        switch self.connection.send(messages) {
        case .sent, .slow, .closed: break
        case .full: self.connection.close(code: 1013, reason: "too slow")
        }
    }

    func say(_ message: ServerMessage) {
        guard !self.isGone else { return }
        self.say(OutgoingMessages([message.json]))
    }

    func refuse(_ error: WireError) { self.say(.error(error)) }

    /// Takes an answer, which may come on any thread, to this client's loop.
    private func onLoop<Answer: Sendable>(_ body: @escaping (HubClient, Answer) -> Void) -> @Sendable (Answer) -> Void {
        // Both are only touched on the loop.
        nonisolated(unsafe) let (client, body) = (self, body)
        let loop = self.shard.loop
        return { answer in loop.onLoop { body(client, answer) } }
    }

    // MARK: Requests

    /// A message has come.
    public func received(_ bytes: Span<UInt8>) {
        do throws(WireError) {
            self.handle(try ClientRequest.parse(bytes))
        } catch {
            self.refuse(error)
            self.errors += 1
            if self.errors > HubClient.maxErrors {
                self.connection.close(code: 1008, reason: "that is not \(ClientRequest.subprotocol)")
            }
        }
    }

    private func handle(_ request: ClientRequest) {
        switch request {
        case .join(let join, let id): self.join(join, id)
        case .leave(let room, let id): self.leave(room, id)
        case .publish(let publish, let id): self.publish(publish, id)
        case .presence(let room, let id): self.list(room, id)
        case .info(let room, let info, let id): self.change(room, info, id)
        case .ping(let id): self.say(.pong(id: id))
        }
    }

    private func forbids(_ action: RoomAction, _ room: RoomName, _ id: UInt64?) -> Bool {
        guard case .forbidden(let reason) = self.hub.configuration.permissions(self.identity, action, room) else {
            return false
        }
        self.refuse(WireError(.forbidden, reason, id: id))
        return true
    }

    private func join(_ join: ClientRequest.Join, _ id: UInt64?) {
        if self.forbids(.join, join.room, id) || (join.presence && self.forbids(.presence, join.room, id)) { return }
        if join.presence, self.changesTooOften(id) { return }
        if let old = self.rooms[join.room] {
            // It stays a member, if it is to be one.
            if old.seesMembers, !join.presence { self.hub.presence.leave(join.room, connection: self.id) }
            self.rooms[join.room] = nil
            self.shard.leave(old)
        }
        guard self.rooms.count < HubClient.maxRooms else {
            return self.refuse(
                WireError(.tooManyRooms, "a connection is in \(HubClient.maxRooms) rooms at most", id: id))
        }
        let subscriber = self.shard.add(self, to: join.room)
        self.rooms[join.room] = subscriber
        self.shard.start(subscriber, from: join.start) { result in
            switch result {
            case .success(let reading):
                self.joined(subscriber, reading, join, id)
            case .failure(let error):
                self.refuse(WireError(error, id: id))
                self.rooms[join.room] = nil
                self.shard.leave(subscriber)
            }
        }
    }

    private func joined(
        _ subscriber: Subscriber, _ reading: Reading<Publication>, _ join: ClientRequest.Join, _ id: UInt64?
    ) {
        subscriber.position = reading.start
        self.say(.joined(id: id, room: join.room, position: reading.start, recovered: reading.recovered))
        self.shard.send(reading, to: subscriber)
        guard join.presence else { return }
        subscriber.seesMembers = true
        subscriber.room.watchers += 1
        let info = join.info.map { MemberInfo(json: $0.bytes) } ?? .empty
        self.hub.presence.join(
            join.room, self.identity.member, info: info, connection: self.id,
            self.onLoop { client, result in
                guard !client.isGone, subscriber.state != .gone else { return }
                switch result {
                case .success:
                    client.list(join.room, nil)
                case .failure(let error):
                    subscriber.seesMembers = false
                    subscriber.room.watchers -= 1
                    client.refuse(WireError(error, id: id))
                }
            })
    }

    private func changesTooOften(_ id: UInt64?) -> Bool {
        guard let isIn = self.presenceBucket?.take(now: self.hub.now.nanoseconds), !isIn else { return false }
        self.refuse(WireError(.rateLimited, "too many changes of presence at once", id: id))
        return true
    }

    private func leave(_ room: RoomName, _ id: UInt64?) {
        guard let subscriber = self.rooms.removeValue(forKey: room) else {
            return self.refuse(WireError(.notJoined, "the room is not joined", id: id))
        }
        if subscriber.seesMembers { self.hub.presence.leave(room, connection: self.id) }
        self.shard.leave(subscriber)
        self.say(.left(id: id, room: room))
    }

    private static func notJoined(_ id: UInt64?) -> WireError {
        WireError(.notJoined, "the room is not joined with presence", id: id)
    }

    private func publish(_ publish: ClientRequest.Publish, _ id: UInt64?) {
        if self.forbids(.publish, publish.room, id) { return }
        guard self.bucket?.take(now: self.hub.now.nanoseconds) ?? true else {
            return self.refuse(WireError(.rateLimited, "too many messages at once", id: id))
        }
        let message = NewMessage(
            data: publish.data.bytes, key: publish.key, id: publish.messageID, author: self.identity.member,
            idScope: self.identity.scope)
        self.hub.publish(
            message, in: publish.room,
            self.onLoop { client, result in
                switch result {
                case .success(.stored(let position)):
                    client.say(.published(id: id, room: publish.room, position: position, repeated: false))
                case .success(.repeated(let position)):
                    client.say(.published(id: id, room: publish.room, position: position, repeated: true))
                case .success(.refused(let error)):
                    client.refuse(WireError(error, id: id))
                case .failure(let error):
                    client.refuse(WireError(error.code, error.message, id: id))
                }
            })
    }

    private func list(_ room: RoomName, _ id: UInt64?) {
        if self.forbids(.presence, room, id) { return }
        self.hub.presence.members(
            of: room, limit: RealtimeHub.maxListed,
            self.onLoop { client, result in
                switch result {
                case .success(let (members, count)):
                    client.say(.presence(id: id, room: room, count: count, members: members.map(\.wire)))
                case .failure(let error):
                    client.refuse(WireError(error, id: id))
                }
            })
    }

    private func change(_ room: RoomName, _ info: JSONText, _ id: UInt64?) {
        guard let subscriber = self.rooms[room], subscriber.seesMembers else { return self.refuse(Self.notJoined(id)) }
        if self.changesTooOften(id) { return }
        self.hub.presence.join(
            room, self.identity.member, info: MemberInfo(json: info.bytes), connection: self.id,
            self.onLoop { client, result in
                switch result {
                case .success: client.say(.updated(id: id, room: room))
                case .failure(let error): client.refuse(WireError(error, id: id))
                }
            })
    }
}
