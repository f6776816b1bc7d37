import HTTPTypes
import NIOCore
import WebSocketCore

/// What proxies say about the client. Each adds its own at the end; so they are read from there, as long as whoever said it is
/// trusted.
struct ForwardedClient: Equatable {
    /// How many entries are looked at: 32, more than there are proxies in a row.
    static let maxHops = 32

    /// The client's address: the first from the end that is not trusted. It is the connection's where nobody says more.
    var address: SocketAddress?
    /// The scheme that the client used, and the host that it named.
    var scheme: String?
    var host: String?

    /// One entry.
    private struct Hop {
        var address: SocketAddress?
        var scheme: String?
        var host: String?
    }

    /// The scheme as one of a page's: some proxies tell that of the WebSocket. Nil when nobody tells it, or something else.
    var pageScheme: String? {
        switch self.scheme {
        case "https", "wss": "https"
        case "http", "ws": "http"
        default: nil
        }
    }

    init(address: SocketAddress?) {
        self.address = address
    }

    /// Reads the fields.
    ///
    /// - Parameters:
    ///   - fields: The request's.
    ///   - address: The connection's other end; nil for a Unix socket.
    ///   - trusted: Whose entries are believed.
    ///   - field: In which of the fields. An entry that breaks its grammar says nothing, and what stands before it is hearsay.
    init(
        of fields: HTTPFields, from address: SocketAddress?, trusting trusted: [AddressRange], in field: ForwardedField
    ) {
        self.address = address
        guard !trusted.isEmpty, trusted.contains(address) else { return }
        let hops =
            switch field {
            case .xForwardedFor: ForwardedClient.xForwarded(fields)
            case .forwarded: ForwardedClient.forwarded(fields)
            }
        var reporter = address
        for hop in hops {
            guard trusted.contains(reporter) else { return }
            self.scheme = hop.scheme ?? self.scheme
            self.host = hop.host ?? self.host
            // Somebody unknown, or hidden: what stands before it is hearsay.
            guard let next = hop.address else { return }
            self.address = next
            reporter = next
        }
    }

    // MARK: Forwarded

    /// The entries of `Forwarded`, the last one first.
    private static func forwarded(_ fields: HTTPFields) -> [Hop] {
        let value = fields[values: HTTPField.Name("Forwarded")!].joined(separator: ",")
        return splitFromEnd(value[...], at: ",", most: self.maxHops).map { hop($0) ?? Hop() }
    }

    /// One entry; nil when it breaks the grammar.
    private static func hop(_ element: Substring) -> Hop? {
        var hop = Hop()
        for pair in splitFromEnd(element, at: ";").reversed() {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, HTTPGrammar.isToken(parts[0]), let value = unquoted(parts[1]) else { return nil }
            switch parts[0].lowercased() {
            case "for": hop.address = node(value)
            case "proto": hop.scheme = value.lowercased()
            case "host": hop.host = value
            default: break
            }
        }
        return hop
    }

    /// Splits outside of quotes; without the white space around the parts, and without empty ones. From the end on, since the end is
    /// a proxy's: a quote that a client has left open must not swallow it.
    private static func splitFromEnd(
        _ text: Substring, at separator: Unicode.Scalar, most: Int = .max
    ) -> [Substring] {
        let scalars = text.unicodeScalars
        var parts: [Substring] = []
        var (end, index, isQuoted) = (scalars.endIndex, scalars.endIndex, false)
        func add(_ start: String.Index) {
            let part = Substring(scalars[start..<end]).drop { $0 == " " || $0 == "\t" }
            let trimmed = part.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
            if !trimmed.isEmpty { parts.append(Substring(String(trimmed))) }
        }
        /// Whether an odd number of backslashes stands before, which only matters within quotes.
        func isEscaped(_ index: String.Index) -> Bool {
            scalars[..<index].reversed().prefix { $0 == "\\" }.count % 2 == 1
        }
        while index > scalars.startIndex, parts.count < most {
            scalars.formIndex(before: &index)
            if scalars[index] == "\"", !(isQuoted && isEscaped(index)) {
                isQuoted.toggle()
            } else if !isQuoted, scalars[index] == separator {
                add(scalars.index(after: index))
                end = index
            }
        }
        if parts.count < most { add(scalars.startIndex) }
        return parts
    }

    /// A token as it is, or what stands in quotes; nil for anything else.
    private static func unquoted(_ text: Substring) -> String? {
        guard text.hasPrefix("\"") else { return HTTPGrammar.isToken(text) ? String(text) : nil }
        var (result, isEscaped) = ("", false)
        for index in text.indices.dropFirst() {
            let character = text[index]
            if isEscaped {
                result.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                return text.index(after: index) == text.endIndex ? result : nil
            } else {
                result.append(character)
            }
        }
        return nil
    }

    /// The address of `192.0.2.43`, `192.0.2.43:47011`, `[2001:db8::17]:4711` or `2001:db8::17`; nil for "unknown" and hidden ones.
    private static func node(_ text: String) -> SocketAddress? {
        var (host, port) = (Substring(text), Substring())
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard host.contains(":"), rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.dropFirst()
        } else if text.count(where: { $0 == ":" }) == 1, let colon = text.firstIndex(of: ":") {
            (host, port) = (text[..<colon], text[text.index(after: colon)...])
        }
        // The port may be hidden, too, and is of no interest.
        return try? SocketAddress(ipAddress: String(host), port: Int(UInt16(port) ?? 0))
    }

    // MARK: X-Forwarded-For

    /// The entries of `X-Forwarded-For`, the last one first. Scheme and host are those that the last proxy tells: their lists, where they are lists,
    /// go along with the addresses.
    private static func xForwarded(_ fields: HTTPFields) -> [Hop] {
        func list(_ name: String) -> [String] {
            HTTPGrammar.list(fields[values: HTTPField.Name(name)!]).map(String.init)
        }
        let (addresses, schemes, hosts) = (
            list("X-Forwarded-For"), list("X-Forwarded-Proto"), list("X-Forwarded-Host")
        )
        let count = min(max(addresses.count, schemes.count, hosts.count), self.maxHops)
        /// The entry that belongs to a hop, counted from the end.
        func entry(_ list: [String], _ fromEnd: Int) -> String? { list.dropLast(fromEnd).last }
        return (0..<count).map { fromEnd in
            Hop(
                address: entry(addresses, fromEnd).flatMap(node), scheme: entry(schemes, fromEnd)?.lowercased(),
                host: entry(hosts, fromEnd))
        }
    }
}

extension ForwardedClient {
    /// A request as the client sent it to the first proxy, as far as a trusted one tells: it may know the server by another name.
    /// Without a scheme where that is unknown: what comes without TLS may have come to a proxy with it.
    ///
    /// - Parameters:
    ///   - request: The request as it came here.
    ///   - isSecure: Whether it came with TLS.
    func requestAtProxy(_ request: HTTPRequest, isSecure: Bool) -> HTTPRequest {
        var request = request
        request.scheme = self.pageScheme ?? (isSecure ? "https" : nil)
        if let host = self.host { request.authority = host }
        return request
    }
}
