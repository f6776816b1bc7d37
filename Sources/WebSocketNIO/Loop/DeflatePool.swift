import WebSocketDeflate

/// zlib's states of one event loop, for messages that stand alone (no context takeover): taken for a message, given back
/// behind it. One that stays under way, such as a fragmented one, keeps its state meanwhile.
struct DeflatePool {
    /// How many of each kind are kept: 4, some 1.2 MB a loop at zlib's defaults. Mostly one of each is in use at a time.
    static let kept = 4

    private(set) var compressors: [Compressor] = []
    private(set) var decompressors: [Decompressor] = []

    /// A compressor that has seen nothing.
    mutating func takeCompressor(_ settings: Compressor.Settings) -> Compressor {
        if let index = self.compressors.lastIndex(where: { $0.settings == settings }) {
            return self.compressors.remove(at: index)
        }
        return Compressor(settings)
    }

    /// A decompressor that has seen nothing. All have the largest window, which inflates any.
    mutating func takeDecompressor() -> Decompressor {
        self.decompressors.popLast() ?? Decompressor(windowBits: 15)
    }

    mutating func giveBack(_ compressor: Compressor) {
        // The longest unused goes: connections with other settings may have gone, too.
        if self.compressors.count == DeflatePool.kept { self.compressors.removeFirst() }
        compressor.reset()
        self.compressors.append(compressor)
    }

    mutating func giveBack(_ decompressor: Decompressor) {
        guard self.decompressors.count < DeflatePool.kept else { return }
        decompressor.reset()
        self.decompressors.append(decompressor)
    }
}
