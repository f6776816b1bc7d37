import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The file of a Unix socket that this process listens on. It is removed once, while it is listened on: until then nobody can take the
/// path, and afterwards what stands there is another server's. Any thread.
final class SocketFile: Sendable {
    private let path: String
    private let isRemoved = Atomic(false)

    init(path: String) {
        self.path = path
    }

    /// Removes the file, if this has not been done before.
    func remove() {
        guard !self.isRemoved.exchange(true, ordering: .relaxed) else { return }
        unlink(self.path)
    }
}
