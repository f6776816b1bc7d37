public import WebSocketCore

/// What can go wrong with a connection that was open.
public struct WebSocketError: Error, Sendable, Hashable {
    package enum Code: Sendable, Hashable {
        case closed(Closure?)
        case alreadyBeingRead
        case messageTooLarge
        case messageDone
        case pingTooLong(Int)
        case sendBufferFull(Int)
        case closedWhileConnecting
        case noSubprotocol
    }

    package let code: Code

    package init(_ code: Code) {
        self.code = code
    }

    /// How the connection ended, when that is what went wrong and the end is known.
    public var closure: Closure? {
        if case .closed(let closure) = self.code { closure } else { nil }
    }

    /// Whether the connection is closing or closed.
    public var isClosed: Bool {
        if case .closed = self.code { true } else { false }
    }
}

extension WebSocketError: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self.code {
        case .closed(nil): "the connection is closing"
        case .closed(let closure?):
            if let error = closure.error {
                "the connection was failed: \(error)"
            } else if closure.wasClean {
                "the connection is closed: \(closure.code)\(closure.reason.isEmpty ? "" : " \(closure.reason)")"
            } else {
                "the connection was lost"
            }
        case .alreadyBeingRead: "somebody else reads the messages of this connection"
        case .messageTooLarge: "a message of more than 2 GiB cannot be collected; read it by chunks"
        case .messageDone: "the message in pieces is done; nothing can be added to it"
        case .sendBufferFull(let limit): "more than \(limit) bytes wait for the peer"
        case .noSubprotocol: "the server chose none of the subprotocols that were asked for"
        case .closedWhileConnecting: "closed before the connection was open"
        case .pingTooLong(let count): "a ping holds at most 125 bytes, not \(count)"
        }
    }
}
