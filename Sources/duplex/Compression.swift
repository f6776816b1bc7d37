import ArgumentParser
import WebSocketDeflate

/// What `--compression` takes.
enum CompressionMode: String, ExpressibleByArgument, CaseIterable {
    case off
    case noTakeover = "no-takeover"
    case takeover

    /// What the modes are, for `--help`.
    static let help =
        "permessage-deflate: off; no-takeover, where each message stands alone and a connection keeps nothing; or takeover, where messages may refer to earlier ones, which makes them smaller and keeps up to 310 KB for each connection."

    /// What the mode means; nil for not at all.
    func configuration(level: Int, windowBits: Int, threshold: Int) -> DeflateConfiguration? {
        guard self != .off else { return nil }
        return DeflateConfiguration(
            level: level, serverMaxWindowBits: windowBits, clientMaxWindowBits: windowBits,
            serverContextTakeover: self == .takeover, clientContextTakeover: self == .takeover, threshold: threshold)
    }
}

/// The options about permessage-deflate. `duplex serve` has them as settings.
struct CompressionOptions: ParsableArguments {
    @Option(
        name: .customLong("compression"),
        help: ArgumentHelp("\(CompressionMode.help)", valueName: "mode"))
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
        (self.mode ?? standard).configuration(
            level: self.level, windowBits: self.windowBits, threshold: self.threshold)
    }
}
