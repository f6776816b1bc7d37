import Testing
import WebSocketCore

struct UTF8ValidatorTests {
    private func isValid(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { UTF8Validator.isValid($0) }
    }

    /// At which byte the validator, fed byte by byte, fails; nil when it does not.
    private func firstBad(_ bytes: [UInt8]) -> Int? {
        var validator = UTF8Validator()
        return bytes.indices.first { index in
            !bytes[index...index].withUnsafeBytes { validator.validate($0) }
        }
    }

    /// The boundaries of every form (table 3-7 of the Unicode standard).
    @Test(
        arguments: [
            [], [0x00], [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xE0, 0xBF, 0xBF], [0xE1, 0x80, 0x80],
            [0xEC, 0xBF, 0xBF], [0xED, 0x80, 0x80], [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF],
            [0xF0, 0x90, 0x80, 0x80], [0xF0, 0xBF, 0xBF, 0xBF], [0xF1, 0x80, 0x80, 0x80], [0xF3, 0xBF, 0xBF, 0xBF],
            [0xF4, 0x80, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
        ] as [[UInt8]])
    func valid(bytes: [UInt8]) {
        #expect(self.isValid(bytes))
        #expect(self.firstBad(bytes) == nil)
        // Cut short, it is not yet wrong, but not complete either.
        for count in bytes.indices.dropFirst() {
            let part = Array(bytes[..<count])
            #expect(!self.isValid(part))
            #expect(self.firstBad(part) == nil)
        }
    }

    @Test(
        arguments: [
            ([0x80], 0), ([0xBF], 0), ([0x61, 0x80], 1),
            // Overlong forms.
            ([0xC0, 0x80], 0), ([0xC1, 0xBF], 0), ([0xE0, 0x80, 0x80], 1), ([0xE0, 0x9F, 0xBF], 1),
            ([0xF0, 0x80, 0x80, 0x80], 1), ([0xF0, 0x8F, 0xBF, 0xBF], 1),
            // Surrogates.
            ([0xED, 0xA0, 0x80], 1), ([0xED, 0xBF, 0xBF], 1),
            // Above U+10FFFF.
            ([0xF4, 0x90, 0x80, 0x80], 1), ([0xF5, 0x80, 0x80, 0x80], 0), ([0xF8], 0), ([0xFE], 0), ([0xFF], 0),
            // A sequence that breaks off.
            ([0xC2, 0x41], 1), ([0xC2, 0xC2], 1), ([0xE1, 0x80, 0x41], 2), ([0xE1, 0x80, 0xC0], 2),
            ([0xF1, 0x80, 0x80, 0x7F], 3), ([0xF1, 0x80, 0xF1], 2),
            // The narrower range holds for the second byte alone, and not for the next sequence.
            ([0xE0, 0xA0, 0x80, 0xE1, 0x80, 0xC2], 5), ([0xF4, 0x8F, 0xBF, 0xBF, 0xF4, 0x90], 5),
        ] as [([UInt8], Int)])
    func invalid(bytes: [UInt8], bad: Int) {
        #expect(!self.isValid(bytes))
        #expect(self.firstBad(bytes) == bad)
    }

    /// Every two bytes, and every three and four whose last ones are at a boundary, against the standard library.
    @Test func againstStandardLibrary() {
        let edges: [UInt8] = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
        var different: [[UInt8]] = []
        func compare(_ bytes: [UInt8]) {
            if self.isValid(bytes) != (String(validating: bytes, as: UTF8.self) != nil) { different.append(bytes) }
        }
        for first in UInt8.min...UInt8.max {
            compare([first])
            for second in UInt8.min...UInt8.max {
                compare([first, second])
            }
            for second in edges where first >= 0xC0 {
                for third in edges {
                    compare([first, second, third])
                    for fourth in edges { compare([first, second, third, fourth]) }
                }
            }
        }
        #expect(different == [])
    }

    /// ASCII is skipped in steps of 16 and 8; a bad or a wide byte is seen at every place in them.
    @Test func everyPlaceInTheFastPath() {
        for count in 0...50 {
            let ascii = [UInt8](repeating: 0x61, count: count)
            #expect(self.isValid(ascii))
            for place in 0..<count {
                var bytes = ascii
                bytes[place] = 0x80
                #expect(!self.isValid(bytes), "place \(place) of \(count)")
                bytes.replaceSubrange(place...place, with: [0xE2, 0x82, 0xAC])
                #expect(self.isValid(bytes), "place \(place) of \(count)")
                // The same in two parts, cut at each place.
                for cut in 0...bytes.count {
                    var validator = UTF8Validator()
                    let first = bytes[..<cut].withUnsafeBytes { validator.validate($0) }
                    let isCut = (place + 1...place + 2).contains(cut)
                    #expect(first && validator.isComplete == !isCut, "place \(place) of \(count), cut at \(cut)")
                    let second = bytes[cut...].withUnsafeBytes { validator.validate($0) }
                    #expect(second && validator.isComplete, "place \(place) of \(count), cut at \(cut)")
                }
            }
        }
    }

    @Test func emptyRegion() {
        var validator = UTF8Validator()
        let isValid = validator.validate(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(isValid)
        #expect(validator.isComplete)
    }
}
