#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What environment variables say about proxies, as curl and Go read them; ``DialProxy/environment`` says which these are.
struct ProxyEnvironment: Sendable {
    private let variables: [String: String]

    init(_ variables: [String: String]) {
        self.variables = variables
    }

    /// The variables of this process.
    static var ofProcess: [String: String] { ProcessInfo.processInfo.environment }

    /// The proxy for an address; nil for none.
    func server(for url: WebSocketURL) throws(DialError) -> DialProxy.Server? {
        let names = (url.isSecure ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]) + ["all_proxy", "ALL_PROXY"]
        guard let (name, value) = self.first(of: names), !self.isExempt(host: url.host, port: url.port) else {
            return nil
        }
        do {
            guard case .server(let server) = try DialProxy(value).kind else { return nil }
            return server
        } catch {
            // Which variable it was is not to be guessed; its value may hold a password.
            throw DialError(.invalidProxy("\(name): \(error.proxyReason ?? "\(error)")"))
        }
    }

    private func first(of names: [String]) -> (name: String, value: String)? {
        for name in names {
            // An empty variable is as good as none.
            if let value = self.variables[name], !value.isEmpty { return (name, value) }
        }
        return nil
    }

    // MARK: no_proxy

    private func isExempt(host: String, port: Int) -> Bool {
        let address = IPAddress(host)
        let host = host.last == "." ? String(host.dropLast()) : host
        if host == "localhost" || address?.isLoopback == true { return true }
        guard let list = self.first(of: ["no_proxy", "NO_PROXY"])?.value else { return false }
        return list.split(whereSeparator: { $0 == "," || $0.isWhitespace }).contains {
            ProxyEnvironment.entry(String($0), covers: host, address, port)
        }
    }

    private static func entry(_ entry: String, covers host: String, _ address: IPAddress?, _ port: Int) -> Bool {
        if entry == "*" { return true }
        var pattern = entry.lowercased()
        // A block, or an address by itself; an IPv6 address has colons of its own.
        if let block = self.block(pattern) { return block.contains(address) }
        if let colon = pattern.lastIndex(of: ":") {
            guard Int(pattern[pattern.index(after: colon)...]) == port else { return false }
            pattern = String(pattern[..<colon])
            if let block = self.block(pattern) { return block.contains(address) }
        }
        if pattern.hasPrefix("*.") { pattern.removeFirst() }
        if pattern.hasPrefix(".") { pattern.removeFirst() }
        if pattern.hasSuffix(".") { pattern.removeLast() }
        guard !pattern.isEmpty, address == nil else { return false }
        return host == pattern || host.hasSuffix(".\(pattern)")
    }

    /// The addresses that have their first bits in common.
    private struct Block {
        var address: IPAddress
        var bits: Int

        func contains(_ other: IPAddress?) -> Bool { other.map { self.address.shares(self.bits, with: $0) } ?? false }
    }

    /// An address with all its bits, or a block of addresses.
    private static func block(_ text: String) -> Block? {
        var text = text[...]
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        let all = address.bytes.count * 8
        guard parts.count > 1 else { return Block(address: address, bits: all) }
        guard parts.count == 2, let bits = Int(parts[1]), (0...all).contains(bits) else { return nil }
        return Block(address: address, bits: bits)
    }
}
