/// What one side tells the other, in order; one reader at a time.
package final class Mailbox<Element: Sendable>: Sendable {
    private let stream: AsyncStream<Element>
    private let continuation: AsyncStream<Element>.Continuation

    /// Makes an empty one.
    package init() {
        (self.stream, self.continuation) = AsyncStream.makeStream()
    }

    /// Tells.
    package func post(_ element: Element) {
        self.continuation.yield(element)
    }

    /// Waits for the next one; nil when the task is cancelled.
    package func next() async -> Element? {
        var iterator = self.stream.makeAsyncIterator()
        return await iterator.next()
    }
}
