public import RealtimeCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The system's clocks, as the cores want them.
public enum SystemTime {
    private static let start = ContinuousClock.now

    /// Time since the process's start, also while the machine sleeps.
    @Sendable public static func instant() -> Instant {
        Instant(nanoseconds: UInt64(clamping: (ContinuousClock.now - self.start).attoseconds / 1_000_000_000))
    }

    /// Milliseconds since 1970.
    @Sendable public static func milliseconds() -> Int64 {
        Int64(Date.now.timeIntervalSince1970 * 1000)
    }
}
