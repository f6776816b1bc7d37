package import NIOHTTP2

/// How much an HTTP/2 connection may hold (RFC 9113). These are the same for both roles, where nothing else is said.
package enum HTTP2Limits {
    /// How many streams a client may have open on one connection of a server: 256. Each is a WebSocket or a request. RFC 9113
    /// recommends 100 at least (section 6.5.2); a stream that is open and idle costs some KiB.
    package static let maxConcurrentStreams = 256
    /// How much a peer may send on one stream ahead of what is read there: 64 KiB less one byte, HTTP/2's default. It is what a
    /// stream that nobody reads can make this end hold; a stream carries at most this much in each round trip.
    package static let streamWindow = 65_535
    /// How much a peer may send on one connection ahead of what has arrived: 1 MiB. It is opened again at once, so that a stream
    /// that nobody reads does not hold the others up; it bounds what is under way, not what is held.
    package static let connectionWindow = 1 << 20
    /// The size of a request's or answer's header fields, all together: 16 KiB, as over HTTP/1.1.
    package static let maxHeaderListSize = 16 << 10
    /// How many frames a header may be in: 5 of 16 KiB, NIO's default.
    package static let maxContinuations = 5
    /// How many empty DATA frames may come one after another: 16. They are legal, and nobody needs many.
    package static let maxEmptyDataFrames = 16
    /// How many streams may be reset by the peer in 30 seconds: 200 more than may be open. A page that is left resets all of its
    /// streams at once; resetting streams as fast as they are opened is an attack (CVE-2023-44487).
    package static let maxResets = HTTP2Limits.maxConcurrentStreams + 200
    /// Up to how much may wait in a stream of an ordinary request before its writer waits: 64 KiB, and down to half of that. A
    /// WebSocket's marks are those of its configuration.
    package static let requestSendBuffer = 64 << 10

    /// The connection's configuration.
    ///
    /// - Parameter settings: What is told to the peer beside these limits.
    package static func configuration(_ settings: HTTP2Settings) -> NIOHTTP2Handler.Configuration {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings =
            [HTTP2Setting(parameter: .maxHeaderListSize, value: HTTP2Limits.maxHeaderListSize)] + settings
        connection.targetWindowSize = HTTP2Limits.connectionWindow
        connection.maximumSequentialEmptyDataFrames = HTTP2Limits.maxEmptyDataFrames
        connection.maximumSequentialContinuationFrames = HTTP2Limits.maxContinuations
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = HTTP2Limits.streamWindow
        stream.outboundBufferSizeHighWatermark = HTTP2Limits.requestSendBuffer
        stream.outboundBufferSizeLowWatermark = HTTP2Limits.requestSendBuffer / 2
        stream.streamResetFrameRateLimit.maximumCount = HTTP2Limits.maxResets
        return NIOHTTP2Handler.Configuration(connection: connection, stream: stream)
    }
}
