#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a chat page may send.
enum ChatRequest: Decodable {
    /// My name is this, now or from now on.
    case hello(name: String)
    /// A message for all.
    case message(text: String)

    private enum Key: String, CodingKey { case type, name, text }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(String.self, forKey: .type) {
        case "hello": self = .hello(name: try container.decode(String.self, forKey: .name))
        case "message": self = .message(text: try container.decode(String.self, forKey: .text))
        case let type:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "unknown type \(type)")
        }
    }
}

/// What a chat page is told. All fields but the type are there only where the type has them.
struct ChatEvent: Encodable, Sendable {
    struct Person: Encodable, Sendable {
        var id: String
        var name: String
    }

    var type: String
    var id: String?
    var name: String?
    var text: String?
    /// Which type of request an error is about, where it is known.
    var about: String?
    /// Milliseconds since 1970.
    var time: Int?
    var people: [Person]?
    var history: [ChatEvent]?

    /// The event as JSON.
    var json: String {
        // Encoding strings and numbers cannot fail.
        (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
