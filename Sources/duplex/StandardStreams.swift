#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Lines to the standard streams, each written at once: output to a pipe must not wait for a full buffer.
enum StandardStreams {
    /// Writes a line to standard output.
    static func out(_ line: String) { write(line, to: 1) }
    /// Writes a line to standard error.
    static func err(_ line: String) { write(line, to: 2) }

    private static func write(_ line: String, to descriptor: Int32) {
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                #if canImport(Darwin)
                Darwin.write(descriptor, raw.baseAddress! + offset, raw.count - offset)
                #elseif canImport(Glibc)
                Glibc.write(descriptor, raw.baseAddress! + offset, raw.count - offset)
                #else
                Musl.write(descriptor, raw.baseAddress! + offset, raw.count - offset)
                #endif
            }
            // A reader that is gone gets nothing more; there is nobody to tell.
            guard count > 0 || errno == EINTR else { return }
            offset += max(count, 0)
        }
    }
}
