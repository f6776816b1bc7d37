import CWebSocketZlib
import HTTPTypes

/// The content coding `gzip` (RFC 9110, section 8.4.1.3; RFC 1952), for answers that are there as a whole.
enum Gzip {
    /// zlib's level: 3. Of JSON a higher one takes twice the time and more to save a tenth.
    static let level: Int32 = 3

    /// Whether the client takes it: it is named in `Accept-Encoding`, or `*` is, with another weight than 0 (section 12.5.3).
    static func isAccepted(by acceptEncoding: String?) -> Bool {
        var others: Bool?
        for coding in (acceptEncoding ?? "").split(separator: ",") {
            let parts = coding.split(separator: ";", omittingEmptySubsequences: false)
            let name = Gzip.trimmed(parts.first ?? "")
            let isTaken = !parts.dropFirst().contains { Gzip.isNothing(Gzip.trimmed($0)) }
            switch name {
            case "gzip", "x-gzip": return isTaken
            case "*": others = isTaken
            default: continue
            }
        }
        return others ?? false
    }

    /// `q=0`, `q=0.0` and so on.
    private static func isNothing(_ parameter: String) -> Bool {
        guard parameter.hasPrefix("q="), parameter.count > 2 else { return false }
        return parameter.dropFirst(2).allSatisfy { $0 == "0" || $0 == "." }
    }

    private static func trimmed(_ text: Substring) -> String {
        text.filter { $0 != " " && $0 != "\t" }.lowercased()
    }

    /// The bytes in gzip's format; nil if it does not make them fewer.
    ///
    /// It takes 268 KB of memory meanwhile.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        // 16 is for gzip's format, 15 for the largest window.
        let result = deflateInit2_(
            &stream, Gzip.level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        // zlib counts in 32 bits; answers are bounded far below.
        guard let count = UInt32(exactly: bytes.count) else { return nil }
        var isWhole = false
        let output = [UInt8](unsafeUninitializedCapacity: bytes.count) { output, written in
            bytes.withUnsafeBufferPointer { input in
                // It does not write to its input, and only lacks a `const`.
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = count
                stream.next_out = output.baseAddress
                stream.avail_out = count
                // Where there is not as much room as before it stops, and nothing is gained.
                isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
                written = Int(count - stream.avail_out)
            }
        }
        return isWhole && output.count < bytes.count ? output : nil
    }
}
