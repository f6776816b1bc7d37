import Synchronization

/// Whether a server wants new connections, for `/readyz`. Any thread.
public final class Readiness: Sendable {
    private let reason = Mutex<String?>(nil)

    /// Ready.
    public init() {}

    /// Why it is not ready; nil when it is.
    public var obstacle: String? {
        get { self.reason.withLock { $0 } }
        set { self.reason.withLock { $0 = newValue } }
    }
}
