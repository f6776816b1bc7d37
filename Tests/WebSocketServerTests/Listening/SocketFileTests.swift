import Foundation
import Testing

@testable import WebSocketServer

struct SocketFileTests {
    /// It is removed once: what stands there later is another server's.
    @Test func removedOnce() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        let file = SocketFile(path: path)
        try Data().write(to: URL(fileURLWithPath: path))
        file.remove()
        #expect(!FileManager.default.fileExists(atPath: path))
        try Data().write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        file.remove()
        #expect(FileManager.default.fileExists(atPath: path))
    }
}
