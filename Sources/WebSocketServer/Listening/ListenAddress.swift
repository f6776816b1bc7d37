/// Where a server listens.
public enum ListenAddress: Sendable, Hashable {
    /// A TCP port of a host or address; port 0 for a free one.
    case hostname(String, port: Int)
    /// A Unix socket. A socket file that is there already and that nobody listens on is replaced. The file is removed when listening
    /// ends: the next server can begin while this one's connections end.
    case unixSocket(path: String)
}

extension ListenAddress: CustomStringConvertible {
    /// As `HOST:PORT`, or the path.
    public var description: String {
        switch self {
        case .hostname(let host, let port): (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
        case .unixSocket(let path): path
        }
    }
}
