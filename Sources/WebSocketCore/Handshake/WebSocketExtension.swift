/// An extension with its parameters, as offered or as chosen (RFC 6455, section 9.1).
public struct WebSocketExtension: Sendable, Hashable {
    /// One parameter: a name, and a value or none.
    public struct Parameter: Sendable, Hashable {
        /// The name, a token.
        public var name: String
        /// The value, without quotes.
        public var value: String?

        /// Makes a parameter.
        public init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    /// The name, a token.
    public var name: String
    /// The parameters, in their order.
    public var parameters: [Parameter]

    /// Makes an extension.
    public init(_ name: String, _ parameters: [Parameter] = []) {
        self.name = name
        self.parameters = parameters
    }

    /// Parses all `Sec-WebSocket-Extensions` fields of a message; their order is the order of preference.
    ///
    /// - Parameter fields: The values of the fields.
    /// - Returns: The extensions, or nil when one breaks the grammar: a name or a value that is no token (a quoted value
    ///   must be one after its quotes are taken off), something behind a value, a quote that does not end.
    public static func parse(_ fields: [String]) -> [WebSocketExtension]? {
        var found: [WebSocketExtension] = []
        for field in fields {
            var scanner = Scanner(rest: Substring(field).utf8)
            guard scanner.extensions(into: &found) else { return nil }
        }
        return found
    }

    /// The extensions as the value of one field.
    public static func serialize(_ extensions: [WebSocketExtension]) -> String {
        extensions.map(\.description).joined(separator: ", ")
    }

    private struct Scanner {
        var rest: Substring.UTF8View

        mutating func extensions(into found: inout [WebSocketExtension]) -> Bool {
            while true {
                self.skipSpace()
                guard !self.rest.isEmpty else { return true }
                if self.take(",") { continue }
                guard let name = self.token() else { return false }
                var result = WebSocketExtension(name)
                self.skipSpace()
                while self.take(";") {
                    self.skipSpace()
                    guard let parameter = self.parameter() else { return false }
                    result.parameters.append(parameter)
                    self.skipSpace()
                }
                found.append(result)
                guard self.rest.isEmpty || self.take(",") else { return false }
            }
        }

        mutating func parameter() -> Parameter? {
            guard let name = self.token() else { return nil }
            self.skipSpace()
            guard self.take("=") else { return Parameter(name) }
            self.skipSpace()
            guard let value = self.rest.first == UInt8(ascii: "\"") ? self.quoted() : self.token() else { return nil }
            return Parameter(name, value)
        }

        mutating func token() -> String? {
            let token = self.rest.prefix(while: HTTPGrammar.isTokenByte)
            self.rest = self.rest[token.endIndex...]
            return token.isEmpty ? nil : String(Substring(token))
        }

        mutating func quoted() -> String? {
            self.rest.removeFirst()
            var value: [UInt8] = []
            while let byte = self.rest.popFirst() {
                switch byte {
                case UInt8(ascii: "\""):
                    let text = String(decoding: value, as: UTF8.self)
                    return HTTPGrammar.isToken(text) ? text : nil
                case UInt8(ascii: "\\"):
                    guard let escaped = self.rest.popFirst() else { return nil }
                    value.append(escaped)
                default: value.append(byte)
                }
            }
            return nil
        }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard self.rest.first == UInt8(ascii: character) else { return false }
            self.rest.removeFirst()
            return true
        }

        mutating func skipSpace() {
            self.rest = self.rest.drop { $0 == 0x20 || $0 == 0x09 }
        }
    }
}

extension WebSocketExtension: CustomStringConvertible {
    /// The extension as it stands in a field.
    public var description: String {
        ([self.name]
            + self.parameters.map { parameter in
                parameter.value.map { "\(parameter.name)=\($0)" } ?? parameter.name
            }).joined(separator: "; ")
    }
}
