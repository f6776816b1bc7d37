import Hummingbird
import Logging
import Synchronization
import WebSocketServer

/// An ordinary Hummingbird application: notes that are read and written by HTTP. What makes it tell everybody about a new note at
/// once, over WebSocket, is marked with (1) to (4).
@main
struct HummingbirdExample {
    static func main() async throws {
        let notes = Notes()
        let router = Router()
        router.add(middleware: LogRequestsMiddleware(.info))
        router.add(middleware: CORSMiddleware())

        router.get("/") { _, _ in "GET or POST /notes, or open a WebSocket at /notes/live\n" }
        router.get("/notes") { _, _ in notes.all }
        router.get("/notes/:number") { _, context in
            let number = try context.parameters.require("number", as: Int.self)
            guard let note = notes.all.first(where: { $0.number == number }) else { throw HTTPError(.notFound) }
            return note
        }
        router.post("/notes") { request, context in
            let note = notes.add(try await request.decode(as: NewNote.self, context: context).text)
            // (1) Tell everybody.
            notes.readers.tell(note)
            return EditedResponse(status: .created, response: note)
        }
        // (2) A route beside the others. The middleware sees its handshakes, too.
        router.webSocket("/notes/live", events: { _ in Reader(notes.readers) })

        let port = Environment().get("PORT", as: Int.self) ?? 3000
        let app = Application(
            router: router,
            server: .webSocket(),  // (3) Instead of the default, .http1().
            configuration: .init(address: .hostname("127.0.0.1", port: port)))
        try await app.runService()
    }
}

/// What a note is made of.
struct NewNote: Decodable {
    var text: String
}

/// A note.
struct Note: ResponseCodable, Sendable {
    var number: Int
    var text: String
}

/// All notes, as long as the process runs.
final class Notes: Sendable {
    private let notes = Mutex<[Note]>([])
    /// (4) Those who are told at once; the rest of it is in Readers.swift.
    let readers = Readers()

    var all: [Note] { self.notes.withLock { $0 } }

    func add(_ text: String) -> Note {
        self.notes.withLock { notes in
            let note = Note(number: notes.count + 1, text: text)
            notes.append(note)
            return note
        }
    }
}
