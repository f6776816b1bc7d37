import ArgumentParser
import WebSocketDeflate

/// What `--compression` takes.
enum CompressionMode: String, ExpressibleByArgument, CaseIterable {
    case off
    case noTakeover = "no-takeover"
    case takeover
}

/// The options about permessage-deflate, for both roles.
struct CompressionOptions: ParsableArguments {
    @Option(
        name: .customLong("compression"),
        help: ArgumentHelp(
            "permessage-deflate: off; no-takeover, where each message stands alone and a connection keeps nothing; or takeover, where messages may refer to earlier ones, which makes them smaller and keeps up to 310 KB for each connection.",
            valueName: "mode"))
    var mode: CompressionMode?

    @Option(name: .customLong("compression-level"), help: "How hard to compress, 0 to 9.")
    var level = DeflateConfiguration.defaultLevel

    @Option(
        name: .customLong("compression-window-bits"),
        help: "The largest window of each side, as a power of two, 9 to 15.")
    var windowBits = 15

    @Option(name: .customLong("compression-threshold"), help: "From how many bytes on messages are compressed.")
    var threshold = DeflateConfiguration.defaultThreshold

    func validate() throws {
        guard (0...9).contains(self.level) else {
            throw ValidationError("--compression-level must be between 0 and 9")
        }
        guard DeflateConfiguration.windowBits.contains(self.windowBits) else {
            throw ValidationError("--compression-window-bits must be between 9 and 15")
        }
        guard self.threshold >= 0 else { throw ValidationError("--compression-threshold must not be negative") }
    }

    /// What the options say.
    ///
    /// - Parameter standard: The mode when none is given.
    func configuration(standard: CompressionMode) -> DeflateConfiguration? {
        let mode = self.mode ?? standard
        guard mode != .off else { return nil }
        return DeflateConfiguration(
            level: self.level, serverMaxWindowBits: self.windowBits, clientMaxWindowBits: self.windowBits,
            serverContextTakeover: mode == .takeover, clientContextTakeover: mode == .takeover,
            threshold: self.threshold)
    }
}
