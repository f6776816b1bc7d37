import HTTPTypes
import NIOCore
import Realtime
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// Why a room could not be read or published to.
struct RoomFailure: Error, Hashable, CustomStringConvertible {
    /// One line for people.
    let description: String
    /// Whether trying again can help.
    let isPassing: Bool
    /// How long the server wants to be left alone.
    let retryAfter: Duration?

    init(_ description: String, isPassing: Bool = false, retryAfter: Duration? = nil) {
        self.description = description
        self.isPassing = isPassing
        self.retryAfter = retryAfter
    }

    /// The refusals that pass, by docs/protocol.md.
    static let passing: Set<WireError.Code> = [
        .rateLimited, .roomFull, .tooManyRooms, .tooManySessions, .unavailable,
    ]

    /// An `error` over WebSocket, or within an answer.
    static func refused(_ object: ReceivedObject) -> RoomFailure {
        let code = object.string("code") ?? "?"
        let message = object.string("message").map { ": \($0)" } ?? ""
        let isPassing = WireError.Code(rawValue: code).map(RoomFailure.passing.contains) ?? false
        return RoomFailure("refused: \(ConnectOutput.shown(code + message))", isPassing: isPassing)
    }

    /// An answer over HTTP that is none of 2xx.
    static func refused(_ response: HTTPResponse, _ content: [UInt8]) -> RoomFailure {
        let status = response.status
        let isPassing = status.kind == .serverError || [408, 425, 429].contains(status.code)
        let error = (try? ReceivedObject(content))?.object("error")
        let why = [error?.string("code"), error?.string("message")].compactMap(\.self).map { ": \($0)" }.joined()
        let seconds = response.headerFields[.retryAfter].flatMap { Int($0) }
        return RoomFailure(
            "refused: \(ConnectOutput.shown("\(status)" + why))", isPassing: isPassing,
            retryAfter: seconds.map { .seconds(min(max($0, 0), 3600)) })
    }

    /// A connection that is closed.
    static func closed(_ closure: Closure) -> RoomFailure {
        let final: Set<CloseCode> = [4001, 4003]
        let isFinal = final.contains(closure.code) || ReconnectPolicy().isTerminal(closure)
        return RoomFailure(
            "\(WebSocketError(.closed(closure)))", isPassing: !isFinal, retryAfter: closure.reconnectAfter)
    }

    /// Whatever was thrown; a cancelled task's stays what it is.
    init(_ error: any Error) {
        switch error {
        case let failure as RoomFailure: self = failure
        case let error as DialError:
            self.init(
                "\(error)", isPassing: !ReconnectPolicy().isTerminal(error), retryAfter: error.refusal?.retryAfter)
        case let error as WebSocketError:
            // How it ended says whether it would end alike again: what this end failed does, a connection that was lost does not.
            self =
                error.closure.map { .closed($0) }
                ?? RoomFailure("the connection was lost: \(error)", isPassing: true)
        // The connection broke, in whatever way.
        default: self.init("the connection was lost: \(error)", isPassing: true)
        }
    }
}
