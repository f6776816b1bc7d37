#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Lines to the standard streams, each written at once: output to a pipe must not wait for a full buffer.
enum StandardStreams {
    /// Writes a line to standard output; false when its reader is gone.
    @discardableResult
    static func out(_ line: String) -> Bool { write(line, to: 1) }
    /// Writes a line to standard error.
    static func err(_ line: String) { _ = write(line, to: 2) }

    /// Lets writing to a pipe whose reader is gone fail, instead of ending the process: a server goes on without its log. NIO
    /// does so only when it makes its first socket, and there may be something to log before.
    static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Writes what stands in front of a person's input.
    static func prompt(_ text: String) { _ = write(Array(text.utf8), to: 1) }
    /// Whether a person is at both ends.
    static var isTerminal: Bool { isatty(0) == 1 && isatty(1) == 1 }

    /// Writes a line; false when it cannot be written.
    static func write(_ line: String, to descriptor: Int32) -> Bool {
        write(Array(line.utf8) + [UInt8(ascii: "\n")], to: descriptor)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
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
            guard count > 0 || errno == EINTR else { return false }
            offset += max(count, 0)
        }
        return true
    }
}
