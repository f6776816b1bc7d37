public import RealtimeCore

/// Where the logs of rooms are: in this process (``MemoryRooms``), or in a server that several processes share.
///
/// What an implementation promises; `BrokerSuite` in the tests checks it:
/// - *Order.* The messages of a room have consecutive offsets within an epoch. A receiver that has subscribed gets those that are
///   stored from then on, in that order, each at least once, and none of another room's in their place. After a new epoch they begin
///   anew.
/// - *Atomicity.* A message is stored whole, before anybody gets it, and before its publisher is answered. One that is answered as
///   refused is not stored. What one caller publishes in a room is stored in the order of the calls.
/// - *Once.* A message with an id that was stored within the window is answered as repeated, with the first position.
/// - *Nothing there.* Reading a room that nobody has published in is no error: an empty log, whose position is good for reading
///   on. Unsubscribing from what was not subscribed is none, either.
/// - *Failure.* ``BrokerError`` says that it is not known whether the message was stored; publishing it again with the same id is
///   safe.
///
/// Answers may come on any thread, also before the call returns; the caller must be prepared for both.
public protocol Broker: Sendable {
    /// Says to whom messages are delivered. Called once, before all else.
    func start(delivering receiver: any BrokerReceiver)

    /// Stores a message, and delivers it to all receivers that have subscribed.
    ///
    /// - Parameters:
    ///   - message: What is to be stored.
    ///   - room: The room, which need not exist yet.
    ///   - answer: Called once.
    func publish(
        _ message: NewMessage, in room: RoomName,
        _ answer: @escaping @Sendable (Result<PublishOutcome, BrokerError>) -> Void)

    /// Reads a room's log.
    ///
    /// - Parameters:
    ///   - room: The room, which need not exist yet.
    ///   - start: From where.
    ///   - limit: The most messages.
    ///   - maxBytes: The most bytes of messages; one is always read.
    ///   - answer: Called once.
    func read(
        _ room: RoomName, from start: ReadingStart, limit: Int, maxBytes: Int,
        _ answer: @escaping @Sendable (Result<Reading<Publication>, BrokerError>) -> Void)

    /// Messages of this room are wanted. What is stored after the answer is delivered.
    func subscribe(to room: RoomName, _ answer: @escaping @Sendable (Result<Void, BrokerError>) -> Void)

    /// Messages of this room are not wanted any more; some may still come.
    func unsubscribe(from room: RoomName)

    /// Called about once a second: what is too old goes.
    func expire()
}

/// To whom a broker delivers.
public protocol BrokerReceiver: Sendable {
    /// A message was stored. Called in the order of the room's log, never for one room at the same time; must not block, and must
    /// not call the broker.
    func delivered(_ message: RoomMessage<Publication>, at position: Position, in room: RoomName)
}

/// A message that is to be stored.
public struct NewMessage: Sendable, Hashable {
    /// The JSON.
    public var data: [UInt8]
    /// What it is about: for slow readers a newer one of the same key takes its place.
    public var key: MessageKey?
    /// What its author calls it, for publishing it again.
    public var id: MessageID?
    /// Who publishes it.
    public var author: MemberID?
    /// Among whose messages the id is looked for: the author's by default.
    public var idScope: MemberID?

    /// Makes one.
    public init(
        data: [UInt8], key: MessageKey? = nil, id: MessageID? = nil, author: MemberID? = nil, idScope: MemberID? = nil
    ) {
        self.data = data
        self.key = key
        self.id = id
        self.author = author
        self.idScope = idScope ?? author
    }
}

/// Why a broker could not answer.
public struct BrokerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line for people.
    public var description: String

    /// The room's own reason, where it has one; clients are told its name.
    public var refusal: RealtimeError?

    /// Makes one.
    public init(_ description: String) {
        self.description = description
    }

    /// Makes one for a reason that clients know.
    public init(_ refusal: RealtimeError) {
        self.description = "\(refusal)"
        self.refusal = refusal
    }
}
