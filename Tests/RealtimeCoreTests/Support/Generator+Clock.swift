import RealtimeCore
import TestSupport

extension Generator {
    /// What a clock says that now and then goes back.
    mutating func reading(_ clock: Instant) -> Instant {
        self.oneIn(8) ? clock.advanced(by: .milliseconds(-self.below(5000))) : clock
    }
}
