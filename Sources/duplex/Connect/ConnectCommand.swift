/// What a line of input asks for.
enum ConnectCommand: Equatable {
    /// Send it.
    case message(String)
    /// Ping the peer, and tell how long the answer took.
    case ping
    /// Close the connection.
    case close(code: Int, reason: String)
    /// Send a file as a binary message.
    case binary(String)
    /// Say which commands there are.
    case help
    /// It is none, for this reason.
    case invalid(String)

    /// What `/help` says.
    static let usage = "/ping   /close [CODE [REASON]]   /binary FILE   //message"

    /// Reads a line.
    ///
    /// - Parameters:
    ///   - line: The line without its end.
    ///   - takesCommands: Whether a slash begins a command.
    init(_ line: String, takesCommands: Bool) {
        guard takesCommands, line.hasPrefix("/") else {
            self = .message(line)
            return
        }
        if line.hasPrefix("//") {
            self = .message(String(line.dropFirst()))
            return
        }
        let parts = line.dropFirst().split(separator: " ", maxSplits: 1).map(String.init)
        let rest = parts.count > 1 ? parts[1] : ""
        switch parts.first {
        case "ping" where rest.isEmpty: self = .ping
        case "help" where rest.isEmpty: self = .help
        case "binary" where !rest.isEmpty: self = .binary(rest)
        case "close":
            let words = rest.split(separator: " ", maxSplits: 1).map(String.init)
            guard let first = words.first else {
                self = .close(code: 1000, reason: "")
                return
            }
            guard let code = Int(first), (1000...4999).contains(code) else {
                self = .invalid("'\(first)' is no close code")
                return
            }
            self = .close(code: code, reason: words.count > 1 ? words[1] : "")
        default: self = .invalid("there is no such command; \(ConnectCommand.usage)")
        }
    }
}
