/// Tells the WebSockets of a connection that is to end, in its streams' channels, to say so and to close. Ordinary requests do
/// not know it, and are answered.
package struct HTTP2GoAwayEvent: Sendable {
    /// Makes one.
    package init() {}
}
