public import RealtimeCore
public import ServiceLifecycle
import Synchronization
import WebSocketNIO

/// Rooms that are read in several ways: who reads what, and from where messages come.
///
/// A message is stored once in its room's log, by the ``Broker``, and handed from there to each loop that has readers, encoded once for each
/// loop; every reader sees the same order. Whoever reads by pulling (``read(_:from:limit:maxBytes:)``, ``next(in:after:limit:)``) reads the
/// same log. The hub knows nothing of sockets and HTTP: ``HubLoop`` and ``HubConnection`` are all it asks for.
///
/// It is a `Service`: ``run()`` lets grow old what is too old. Everything may be used from any thread or task.
public final class RealtimeHub: Service, Sendable {
    /// How many members are listed at most: 1,000, more than anybody reads; with their info some 1.2 MB.
    public static let maxListed = ServerMessage.maxListedMembers

    /// How it behaves.
    public let configuration: HubConfiguration
    let broker: any Broker
    let presence: any PresenceStore
    private let clock: @Sendable () -> Instant

    private struct Used {
        var topic: Topic
        var users: Int
    }
    /// Held while a room comes into use or falls out of it, so that subscribing and unsubscribing do not overtake each other. Before
    /// ``topics``, and before the broker's locks.
    private let interest = Mutex<Void>(())
    /// Held for moments; behind the broker's locks.
    private let topics = Mutex<[RoomName: Used]>([:])
    /// Those who want to know whether a room is read: as many as the application has asked for. Behind ``interest``.
    private let audiences = Mutex<[RoomName: RoomAudience]>([:])
    private let shards = Mutex<[ObjectIdentifier: Shard]>([:])
    private let lastConnection = Atomic<UInt64>(0)

    struct Clients: ~Copyable {
        var sessions: Sessions
        var byID: [ConnectionID: ClientReference] = [:]
    }
    /// A client, which only its loop touches.
    struct ClientReference: @unchecked Sendable {
        unowned let client: HubClient
        let loop: any HubLoop
        let member: MemberID
    }
    let clients: Mutex<Clients>

    /// Makes a hub.
    ///
    /// - Parameters:
    ///   - configuration: How it behaves.
    ///   - broker: Where the logs of rooms are; by default in memory, with the configuration's limits.
    ///   - presence: Where is known who is in which room; by default with the logs.
    ///   - clock: What time it is.
    public init(
        configuration: HubConfiguration = HubConfiguration(), broker: (any Broker)? = nil,
        presence: (any PresenceStore)? = nil, clock: @escaping @Sendable () -> Instant = SystemTime.instant
    ) {
        self.configuration = configuration
        let memory = MemoryRooms(settings: { configuration.policy($0).settings }, clock: clock)
        self.broker = broker ?? memory
        self.presence = presence ?? memory
        self.clock = clock
        self.clients = Mutex(Clients(sessions: Sessions(limits: configuration.sessions)))
        self.broker.start(delivering: Receiver(hub: self))
        self.presence.start(telling: Receiver(hub: self))
    }

    /// Not the hub itself, which would hold itself.
    private final class Receiver: BrokerReceiver, PresenceReceiver {
        private weak let hub: RealtimeHub?
        init(hub: RealtimeHub) { self.hub = hub }

        func delivered(_ message: RoomMessage<Publication>, at position: Position, in room: RoomName) {
            guard let topic = self.hub?.inUse(room) else { return }
            topic.hand(.message(message, position, topic))
        }

        func changed(_ change: PresenceChange<MemberInfo>, in room: RoomName) {
            guard let topic = self.hub?.inUse(room) else { return }
            topic.hand(.presence(change, topic))
        }
    }

    /// Now.
    var now: Instant { self.clock() }

    /// Lets grow old what is too old, once a second, until the service is shut down or cancelled.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .seconds(1))
                self.expire()
            }
        }
    }

    /// Lets grow old what is too old. ``run()`` does it once a second.
    public func expire() {
        self.broker.expire()
        self.presence.expire()
        let now = self.now
        _ = self.clients.withLock { $0.sessions.expire(now: now) }
    }

    // MARK: Rooms in use

    func inUse(_ name: RoomName) -> Topic? { self.topics.withLock { $0[name]?.topic } }

    /// A room that somebody here reads, from now until ``release(_:)``.
    func acquire(_ name: RoomName) -> Topic {
        self.interest.withLock { _ in
            let (topic, isFirst) = self.topics.withLock { topics in
                if let found = topics[name] {
                    topics[name]!.users += 1
                    return (found.topic, false)
                }
                let topic = Topic(name, self.configuration.policy(name))
                topics[name] = Used(topic: topic, users: 1)
                return (topic, true)
            }
            if isFirst { self.knownAudience(of: name)?.began() }
            return topic
        }
    }

    func release(_ topic: Topic) {
        self.interest.withLock { _ in
            let isLast = self.topics.withLock { topics in
                topics[topic.name]!.users -= 1
                guard topics[topic.name]!.users == 0 else { return false }
                topics[topic.name] = nil
                return true
            }
            guard isLast else { return }
            self.broker.unsubscribe(from: topic.name)
            self.knownAudience(of: topic.name)?.ended()
        }
    }

    /// Whether a room is read here. The same one for each call; it is kept as long as the hub, so ask for rooms of the application's own, and not
    /// for any that clients name.
    public func audience(of room: RoomName) -> RoomAudience {
        // Readers do not come or go while it is made.
        self.interest.withLock { _ in
            let isReading = self.inUse(room) != nil
            return self.audiences.withLock { audiences in
                if let found = audiences[room] { return found }
                let made = RoomAudience(of: room, isReading: isReading, clock: self.clock)
                audiences[room] = made
                return made
            }
        }
    }

    /// Who wants to know whether the room is read.
    func knownAudience(of room: RoomName) -> RoomAudience? { self.audiences.withLock { $0[room] } }

    // MARK: Clients

    /// A connection that messages are pushed to. On its loop, to which the client belongs from then on. The connection holds it, and has
    /// to call ``HubClient/closed()`` before it lets it go.
    ///
    /// - Parameters:
    ///   - connection: The connection.
    ///   - loop: Its loop.
    ///   - identity: Who it is.
    ///   - session: The session that it had, if it has said one.
    public func connect(
        _ connection: any HubConnection, on loop: any HubLoop, as identity: Identity, session: SessionID? = nil
    ) -> HubClient {
        let shard = self.shards.withLock { shards in
            if let found = shards[ObjectIdentifier(loop)] { return found }
            let made = Shard(loop, of: self)
            shards[ObjectIdentifier(loop)] = made
            return made
        }
        let id = self.makeConnectionID()
        let client = HubClient(self, shard, connection, identity, id)
        self.entered(client, session)
        return client
    }

    func makeConnectionID() -> ConnectionID {
        ConnectionID(self.lastConnection.add(1, ordering: .relaxed).newValue)
    }
}
