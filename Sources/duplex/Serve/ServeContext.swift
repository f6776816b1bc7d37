import Hummingbird
import NIOCore

/// What goes with a request of `duplex serve`: Hummingbird's own things, and the connection that it came on.
struct ServeContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection; over HTTP/2 the stream.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.channel = source.channel
    }
}
