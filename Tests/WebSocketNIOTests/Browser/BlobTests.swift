import NIOCore
import Testing
import WebSocketNIO

struct BlobTests {
    @Test func content() {
        let blob = Blob([0x68, 0xC3, 0xA9], type: "Text/Plain; charset=UTF-8")
        #expect(blob.size == 3)
        #expect(blob.bytes == [0x68, 0xC3, 0xA9])
        #expect(blob.text == "hé")
        #expect(blob.type == "text/plain; charset=utf-8")
        #expect(blob.buffer == ByteBuffer(bytes: [0x68, 0xC3, 0xA9]))
        #expect("\(Blob([1, 2], type: "a/b"))" == "Blob(size: 2, type: \"a/b\")")
    }

    @Test func nothing() {
        #expect(Blob().size == 0)
        #expect(Blob().bytes == [])
        #expect(Blob().text == "")
        #expect(Blob().type == "")
        #expect(Blob().slice(0, 5).size == 0)
        #expect(Blob().slice(-1).size == 0)
    }

    /// What is no UTF-8 becomes U+FFFD.
    @Test func text() {
        #expect(Blob([0x61, 0xFF, 0x62]).text == "a\u{FFFD}b")
    }

    /// File API, section 3.2: a type with other characters is none.
    @Test(arguments: [
        ("A/B", "a/b"), ("a b", "a b"), ("a\u{7F}", ""), ("a\u{1F}", ""), ("é", ""), ("a\n", ""), ("~", "~"),
    ])
    func type(given: String, found: String) {
        #expect(Blob([1], type: given).type == found)
        #expect(Blob([1]).slice(contentType: given).type == found)
    }

    /// File API, section 3.3.1: negative numbers count from the end, all are brought into range.
    @Test(
        arguments: [
            (0, nil, [0, 1, 2, 3, 4]), (1, nil, [1, 2, 3, 4]), (1, 3, [1, 2]), (-2, nil, [3, 4]), (-2, -1, [3]),
            (0, -1, [0, 1, 2, 3]),
            (3, 1, []), (5, nil, []), (6, 9, []), (-9, 2, [0, 1]), (0, 99, [0, 1, 2, 3, 4]), (2, 2, []), (-1, -3, []),
            (Int.min, Int.max, [0, 1, 2, 3, 4]), (Int.max, Int.min, []),
        ] as [(Int, Int?, [UInt8])])
    func slice(start: Int, end: Int?, expected: [UInt8]) {
        // In a buffer that does not begin at 0.
        var buffer = ByteBuffer(bytes: [9, 9, 0, 1, 2, 3, 4, 9])
        buffer = buffer.getSlice(at: 2, length: 5)!
        let blob = Blob(buffer, type: "a/b")
        #expect(blob.slice(start, end).bytes == expected)
        #expect(blob.slice(start, end).type == "")
        #expect(Blob([0, 1, 2, 3, 4]).slice(start, end) == Blob(expected))
    }

    @Test func sliceOfASlice() {
        let blob = Blob(0..<10).slice(2, 8, contentType: "x/y").slice(1, -1)
        #expect(blob.bytes == [3, 4, 5, 6])
    }

    @Test func equality() {
        #expect(Blob([1, 2]) == Blob([0, 1, 2]).slice(1))
        #expect(Blob([1], type: "a/b") != Blob([1]))
        #expect(Set([Blob([1]), Blob([1]), Blob([2])]).count == 2)
    }
}
