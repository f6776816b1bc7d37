import ArgumentParser
import Foundation
import NIOCore
import Synchronization

/// A folder into which binary messages are written, one file each.
final class BinaryFolder: Sendable {
    private let url: URL
    private let count = Mutex(0)

    /// Makes the folder if it is not there.
    init(_ path: String) throws {
        self.url = URL(fileURLWithPath: path, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: self.url, withIntermediateDirectories: true)
        } catch {
            throw ValidationError("\(path) cannot be used: \(error.localizedDescription)")
        }
    }

    /// Writes a message.
    ///
    /// - Returns: The file's path.
    func write(_ bytes: ByteBuffer) throws -> String {
        let number = self.count.withLock { count in
            count += 1
            return count
        }
        let digits = String(number)
        let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".bin"
        let file = self.url.appendingPathComponent(name)
        try Data(bytes.readableBytesView).write(to: file)
        return file.path
    }
}
