package import NIOCore

extension Duration {
    /// The duration as NIO has it; what does not fit is the most that does, and less than nothing is nothing.
    package var timeAmount: TimeAmount { .nanoseconds(Int64(clamping: self.nanoseconds)) }
}
