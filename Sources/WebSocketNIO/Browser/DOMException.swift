/// What the browser's API throws: an error with one of the names of the Web IDL standard.
public struct DOMException: Error, Sendable, Hashable {
    /// The name of an exception.
    public enum Name: String, Sendable, Hashable {
        /// An argument has the wrong form.
        case syntaxError = "SyntaxError"
        /// The object is in the wrong state.
        case invalidStateError = "InvalidStateError"
        /// A value is not allowed here.
        case invalidAccessError = "InvalidAccessError"
    }

    /// Its name.
    public let name: Name
    /// What was wrong, for people.
    public let message: String

    /// Makes an exception.
    public init(_ message: String, name: Name) {
        self.name = name
        self.message = message
    }
}

extension DOMException: CustomStringConvertible {
    /// The name and the message.
    public var description: String { "\(self.name.rawValue): \(self.message)" }
}
