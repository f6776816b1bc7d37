/// An address of a scheme with a host, taken apart by the URL standard's rules for special schemes
/// (https://url.spec.whatwg.org/#url-parsing). Which schemes there are is up to the caller. All texts are ASCII.
struct URLParts: Sendable, Hashable {
    /// Why a text is no such address; it completes "… cannot be connected to: ".
    struct Failure: Error { let reason: String }

    /// A scheme that may be written, what it stands for, and its default port.
    struct Scheme: Sendable {
        let name: String
        let port: Int
    }

    var scheme: String
    /// Percent-encoded; empty where there is none.
    var username = ""
    /// Percent-encoded; empty where there is none.
    var password = ""
    /// A name, in lower case, or an address; IPv6 in brackets.
    var host = ""
    /// Nil where it is the scheme's default.
    var port: Int?
    /// Percent-encoded, from "/" on.
    var path = "/"
    /// Percent-encoded, without the "?".
    var query: String?
    /// As it was written, without the "#".
    var fragment: String?

    /// Takes a text apart.
    ///
    /// - Parameters:
    ///   - text: The address; a relative one too when there is a base.
    ///   - base: What a relative address refers to.
    ///   - schemes: What may be written before the colon, in lower case.
    init(_ text: String, base: URLParts? = nil, schemes: [String: Scheme]) throws(Failure) {
        var input = Array(text.utf8)
        // Spaces and controls around an address, and line breaks and tabs within, are no part of it.
        while let last = input.last, last <= 0x20 { input.removeLast() }
        input = Array(input.drop { $0 <= 0x20 })
        input.removeAll { [0x09, 0x0A, 0x0D].contains($0) }
        var rest = input[...]

        if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
            self.fragment = String(decoding: rest[(hash + 1)...], as: UTF8.self)
            rest = rest[..<hash]
        }
        guard let written = URLParts.takeScheme(&rest) else {
            guard let base else { throw Failure(reason: "it is not an absolute address") }
            self.scheme = base.scheme
            try self.parseRelative(rest, base, port: schemes[base.scheme]?.port)
            return
        }
        guard let scheme = schemes[written] else {
            let names = Set(schemes.values.map(\.name)).sorted().joined(separator: " nor ")
            throw Failure(reason: "its scheme is neither \(names)")
        }
        self.scheme = scheme.name
        if let base, base.scheme == scheme.name, !rest.starts(with: "//".utf8) {
            try self.parseRelative(rest, base, port: scheme.port)
        } else {
            try self.parseAuthority(rest.drop(while: URLParts.isSlash), port: scheme.port)
        }
    }

    /// The scheme, in lower case, taken off with its colon.
    private static func takeScheme(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = rest[..<colon].map { lowercased($0) }
        guard let first = scheme.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
            scheme.allSatisfy({
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"),
                    UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            })
        else { return nil }
        rest = rest[(colon + 1)...]
        return String(decoding: scheme, as: UTF8.self)
    }

    // MARK: Relative addresses

    private mutating func parseRelative(_ rest: ArraySlice<UInt8>, _ base: URLParts, port: Int?) throws(Failure) {
        if rest.prefix(2).count == 2, rest.prefix(2).allSatisfy(URLParts.isSlash) {
            return try self.parseAuthority(rest.drop(while: URLParts.isSlash), port: port)
        }
        (self.username, self.password, self.host, self.port) = (base.username, base.password, base.host, base.port)
        let (path, query) = URLParts.splitQuery(rest)
        if path.isEmpty {
            self.path = base.path
            self.query = query == nil ? base.query : query
        } else if let first = path.first, URLParts.isSlash(first) {
            self.setPath(path.dropFirst(), onto: [])
            self.query = query
        } else {
            let folders = base.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).dropLast()
            self.setPath(path, onto: folders.map(String.init))
            self.query = query
        }
    }

    // MARK: The authority

    private mutating func parseAuthority(_ rest: ArraySlice<UInt8>, port: Int?) throws(Failure) {
        var authority = rest.prefix { !URLParts.isSlash($0) && $0 != UInt8(ascii: "?") }
        let (path, query) = URLParts.splitQuery(rest[authority.endIndex...])
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            let userinfo = authority[..<at].split(
                separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            self.username = PercentEncoding.encode(userinfo[0], .userinfo)
            if userinfo.count > 1 { self.password = PercentEncoding.encode(userinfo[1], .userinfo) }
            authority = authority[(at + 1)...]
        }
        let host: ArraySlice<UInt8>
        if authority.first == UInt8(ascii: "["), let end = authority.firstIndex(of: UInt8(ascii: "]")) {
            host = authority[...end]
        } else {
            host = authority.prefix { $0 != UInt8(ascii: ":") }
        }
        authority = authority[host.endIndex...]
        guard !host.isEmpty else { throw Failure(reason: "it names no host") }
        self.host = try URLParts.host(host)
        if !authority.isEmpty {
            guard authority.first == UInt8(ascii: ":") else {
                throw Failure(reason: "its host is not valid")
            }
            self.port = try URLParts.port(authority.dropFirst(), standard: port)
        }
        self.setPath(path.first.map(URLParts.isSlash) == true ? path.dropFirst() : path, onto: [])
        self.query = query
    }

    private static func port(_ digits: ArraySlice<UInt8>, standard: Int?) throws(Failure) -> Int? {
        guard !digits.isEmpty else { return nil }
        var port = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else {
                throw Failure(reason: "its port is not a number")
            }
            port = min(port * 10 + Int(digit - 48), 1 << 20)
        }
        // A browser takes port 0, and then refuses to connect to it.
        guard (1...65535).contains(port) else { throw Failure(reason: "its port is out of range") }
        return port == standard ? nil : port
    }

    /// A host, as the URL standard's host parser has it. International names have to be written as punycode: mapping them
    /// needs Unicode's tables (UTS 46).
    private static func host(_ bytes: ArraySlice<UInt8>) throws(Failure) -> String {
        if bytes.first == UInt8(ascii: "[") {
            guard bytes.last == UInt8(ascii: "]"), let address = IPAddress(v6: Array(bytes.dropFirst().dropLast()))
            else { throw Failure(reason: "its host is not a valid IPv6 address") }
            return "[\(address)]"
        }
        let host = PercentEncoding.decode(bytes).map { lowercased($0) }
        guard host.allSatisfy({ $0 < 0x80 }) else {
            throw Failure(reason: "its host is not ASCII; write an international name as punycode (xn--…)")
        }
        let forbidden = Set("#/:<>?@[\\]^|%".utf8)
        guard host.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !forbidden.contains($0) }) else {
            throw Failure(reason: "its host is not valid")
        }
        var labels = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if let last = labels.last, last.isEmpty, labels.count > 1 { labels.removeLast() }
        if let last = labels.last, URLParts.isNumber(last) {
            guard let address = IPAddress(looseV4: host) else {
                throw Failure(reason: "its host is not a valid IPv4 address")
            }
            return "\(address)"
        }
        return String(decoding: host, as: UTF8.self)
    }

    private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
        guard !label.isEmpty else { return false }
        if label.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) { return true }
        return label.starts(with: "0x".utf8) && label.dropFirst(2).allSatisfy { PercentEncoding.hexValue($0) != nil }
    }

    // MARK: Path and query

    private static func splitQuery(_ rest: ArraySlice<UInt8>) -> (path: ArraySlice<UInt8>, query: String?) {
        guard let mark = rest.firstIndex(of: UInt8(ascii: "?")) else { return (rest, nil) }
        return (rest[..<mark], PercentEncoding.encode(rest[(mark + 1)...], .query))
    }

    /// Resolves the segments "." and "..", which may be written with "%2e".
    private mutating func setPath(_ bytes: ArraySlice<UInt8>, onto folders: [String]) {
        var path = folders
        let segments = bytes.split(omittingEmptySubsequences: false, whereSeparator: URLParts.isSlash)
        for (position, segment) in segments.enumerated() {
            let isLast = position == segments.count - 1
            let text = PercentEncoding.encode(segment, .path)
            switch text.lowercased().replacing("%2e", with: ".") {
            case ".":
                if isLast { path.append("") }
            case "..":
                _ = path.popLast()
                if isLast { path.append("") }
            default:
                path.append(text)
            }
        }
        self.path = "/" + path.joined(separator: "/")
    }

    // MARK: Bytes

    /// In these schemes a backslash is a slash, too.
    private static func isSlash(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
