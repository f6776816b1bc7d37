import HTTPTypes
import Instrumentation
import WebSocketCore

/// Where an attempt leads, and what it brings along: the address given at first, then where redirects lead.
struct DialTarget: Sendable {
    private(set) var url: WebSocketURL
    /// All header fields beside those of the handshake: with the cookies and the address's credentials.
    private(set) var fields: HTTPFields
    private(set) var redirects = 0
    /// Whether a redirect has led to another origin than that which the options are for.
    private(set) var isElsewhere = false

    /// - Throws: ``DialError`` for a field that belongs to the handshake, and for a bad cookie.
    init(_ url: WebSocketURL, _ options: DialOptions) throws(DialError) {
        self.url = url
        self.fields = options.fields
        for field in options.fields {
            let name = field.name.canonicalName
            guard !name.hasPrefix("sec-websocket-"),
                !["host", "upgrade", "connection", "content-length", "transfer-encoding"].contains(name)
            else { throw DialError(.invalidField(field.name.rawName)) }
        }
        if !options.cookies.isEmpty {
            var pairs = options.fields[values: .cookie]
            for (name, value) in options.cookies {
                guard HTTPGrammar.isToken(name), DialTarget.isCookieValue(value) else {
                    throw DialError(.invalidCookie(DialError.printable(name)))
                }
                pairs.append("\(name)=\(value)")
            }
            // One field (RFC 6265, section 5.4).
            self.fields[values: .cookie] = [pairs.joined(separator: "; ")]
        }
        self.addAuthorization()
    }

    private mutating func addAuthorization() {
        if let authorization = self.url.authorization, self.fields[.authorization] == nil {
            self.fields[.authorization] = authorization
        }
    }

    /// RFC 6265, section 4.1.1: cookie-octets, quoted or not.
    private static func isCookieValue(_ value: String) -> Bool {
        var octets = value.utf8[...]
        if octets.count >= 2, octets.first == UInt8(ascii: "\""), octets.last == UInt8(ascii: "\"") {
            octets = octets.dropFirst().dropLast()
        }
        return octets.allSatisfy { (0x21...0x7E).contains($0) && !"\",;\\".utf8.contains($0) }
    }

    // MARK: Tracing

    /// Names the span that this task is in, if it is in one, so that the server's can be its child. Fields that are there already
    /// stay as they are.
    mutating func nameSpan() {
        guard let context = ServiceContext.current else { return }
        InstrumentationSystem.instrument.inject(context, into: &self.fields, using: FieldInjector())
    }

    private struct FieldInjector: Injector {
        func inject(_ value: String, forKey key: String, into fields: inout HTTPFields) {
            guard let name = HTTPField.Name(key), fields[name] == nil else { return }
            fields[name] = value
        }
    }

    // MARK: Redirects

    /// Goes where an answer leads.
    ///
    /// - Parameters:
    ///   - response: The answer.
    ///   - limit: How many redirects are followed in all.
    /// - Returns: False when the answer is no redirect, or none is wanted.
    /// - Throws: ``DialError`` when the redirect must not be followed.
    mutating func follow(_ response: HTTPResponse, limit: Int) throws(DialError) -> Bool {
        guard limit > 0, [301, 302, 303, 307, 308].contains(response.status.code),
            let location = response.headerFields[.location]
        else { return false }
        let next: WebSocketURL
        do {
            next = try WebSocketURL(location, relativeTo: self.url)
        } catch {
            throw DialError(.redirect("\(error)"))
        }
        guard self.redirects < limit else {
            throw DialError(.redirect("\(limit) redirects have been followed, and there is one more, to \(next)"))
        }
        guard next.isSecure || !self.url.isSecure else {
            throw DialError(.redirect("\(next) is not encrypted, but \(self.url) is"))
        }
        self.redirects += 1
        if next.origin != self.url.origin {
            for name in [HTTPField.Name.authorization, .cookie, .proxyAuthorization] { self.fields[name] = nil }
            self.isElsewhere = true
        }
        self.url = next
        self.addAuthorization()
        return true
    }
}
