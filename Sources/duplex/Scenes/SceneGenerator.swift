/// A generator that gives the same numbers for the same seed (SplitMix64), so that a scene can be played again. Not for secrets.
struct SceneGenerator: RandomNumberGenerator, Sendable, Equatable {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var bits = self.state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }

    /// A number below the bound.
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    /// A number of the range.
    mutating func number(in range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &self) }

    /// True in so many of a hundred cases.
    mutating func chance(_ percent: Int) -> Bool { self.below(100) < percent }

    /// One of them.
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[self.below(elements.count)] }
}
