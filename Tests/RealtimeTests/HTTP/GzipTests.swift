import CWebSocketZlib
import Testing

@testable import Realtime

@Suite struct GzipTests {
    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("x-gzip", true), ("br, gzip;q=0.5", true), ("*", true), ("gzip ; q=1", true),
        ("", false), ("br", false), ("gzip;q=0", false), ("gzip; q=0.000", false), ("*;q=0", false),
        ("*, gzip;q=0", false), ("gzip, *;q=0", true), ("xgzip", false), ("gzip;q=0.01", true),
    ])
    func takesWhatIsAccepted(_ field: String, _ isAccepted: Bool) {
        #expect(Gzip.isAccepted(by: field) == isAccepted)
    }

    @Test func isNotAcceptedWhereNothingIsSaid() {
        #expect(!Gzip.isAccepted(by: nil))
    }

    @Test func comesBackAsItWas() throws {
        let text = String(repeating: #"{"offset":1},"#, count: 10_000)
        let compressed = try #require(Gzip.compress(Array(text.utf8)))
        #expect(compressed.count < 2000)
        #expect(try inflated(compressed) == text)
    }

    @Test func isNothingWhereItDoesNotHelp() {
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        #expect(Gzip.compress(noise) == nil)
        #expect(Gzip.compress([]) == nil)
    }
}

struct NotGzip: Error {}

/// What was compressed in gzip's format and no other, as text.
func inflated(_ bytes: [UInt8]) throws -> String {
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        throw NotGzip()
    }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: 4 << 20)
    let count = try input.withUnsafeMutableBufferPointer { input in
        try output.withUnsafeMutableBufferPointer { output in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            guard inflate(&stream, Z_FINISH) == Z_STREAM_END, stream.avail_in == 0 else { throw NotGzip() }
            return output.count - Int(stream.avail_out)
        }
    }
    return String(decoding: output[..<count], as: UTF8.self)
}
