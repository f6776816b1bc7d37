/// What became of a message that was sent without waiting.
public enum SendResult: Sendable, Hashable {
    /// It is on its way.
    case sent
    /// It is on its way, but more than ``WebSocketConfiguration/sendBuffer`` waits for the socket: slow down.
    case slow
    /// It was refused: ``WebSocketConfiguration/maxSendBuffer`` would be passed. Nothing of it is sent.
    case full
    /// It was dropped, by ``WebSocketConfiguration/slowConsumers``. Nothing of it is sent.
    case dropped
    /// It was refused: the connection is closing or closed.
    case closed
}

/// Where a connection stands, with the numbers of the browser's API.
public enum ReadyState: Int, Sendable, Hashable {
    /// The opening handshake is under way.
    case connecting = 0
    /// Messages go both ways.
    case open = 1
    /// The closing handshake is under way.
    case closing = 2
    /// The connection is gone.
    case closed = 3
}
