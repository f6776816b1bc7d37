/// Why a text is not the JSON that was expected, and where.
package struct JSONError: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        case end
        case unexpected
        case control
        case utf8
        case escape
        case surrogate
        case number
        case depth
        case trailing
        case duplicate
        case noObject
    }

    package let reason: Reason
    /// The byte at which it was seen, counted from 0.
    package let offset: Int

    package init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    /// One line for people. Nothing that came from outside is repeated in it.
    package var description: String {
        let what =
            switch self.reason {
            case .end: "the JSON ends too early"
            case .unexpected: "that is no JSON"
            case .control: "control characters in strings have to be escaped"
            case .utf8: "that is no UTF-8"
            case .escape: "there is no such escape"
            case .surrogate: "half of a surrogate pair is no character"
            case .number: "that is no number of JSON"
            case .depth: "the JSON is nested more than \(JSONScanner.maxDepth) deep"
            case .trailing: "there is something behind the JSON"
            case .duplicate: "a member stands there twice"
            case .noObject: "that is no object of JSON"
            }
        return "\(what), at byte \(self.offset)"
    }
}
