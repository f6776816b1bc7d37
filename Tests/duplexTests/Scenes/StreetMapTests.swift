import Testing

@testable import Realtime
@testable import duplex

@Suite struct StreetMapTests {
    private let map = StreetMap.town

    /// Streets lead both ways, so from one place is from every.
    @Test func everyPlaceCanBeReached() {
        #expect(self.map.places.count > 60)
        let unreached = self.map.places.dropFirst().filter { self.map.way(from: self.map.places[0], to: $0).last != $0 }
        #expect(unreached == [])
    }

    @Test func waysGoAlongStreetsAndAreTheShortest() {
        let small = StreetMap(
            width: 100, height: 100,
            crossings: [
                .init(x: 0, y: 0), .init(x: 50, y: 0), .init(x: 100, y: 0), .init(x: 50, y: 90), .init(x: 9, y: 9),
            ],
            streets: [.init(kind: .street, crossings: [0, 3, 2]), .init(kind: .street, crossings: [0, 1, 2])],
            river: [], parks: [])
        #expect(small.way(from: 0, to: 2) == [1, 2])
        #expect(small.way(from: 3, to: 1) == [0, 1] || small.way(from: 3, to: 1) == [2, 1])
        #expect(small.way(from: 1, to: 1) == [])
        #expect(small.way(from: 0, to: 4) == [])
        #expect(small.places == [0, 1, 2, 3])
        // The last one is found first by the way that is longer.
        let detour = StreetMap(
            width: 100, height: 100,
            crossings: [.init(x: 0, y: 0), .init(x: 0, y: 10), .init(x: 50, y: 0), .init(x: 100, y: 0)],
            streets: [.init(kind: .street, crossings: [0, 1, 3]), .init(kind: .street, crossings: [0, 2, 3])],
            river: [], parks: [])
        #expect(detour.way(from: 0, to: 3) == [2, 3])
        for end in self.map.places {
            let way = [0] + self.map.way(from: 0, to: end)
            let areStreets = zip(way, way.dropFirst()).allSatisfy { from, to in
                self.map.neighbours[from].contains { $0.crossing == to }
            }
            #expect(areStreets)
        }
    }

    @Test func allOfItIsOnTheMap() {
        for point in self.map.crossings + self.map.parks.flatMap(\.self) {
            #expect((0...self.map.width).contains(point.x) && (0...self.map.height).contains(point.y))
        }
    }

    @Test func itIsWrittenAsJSON() throws {
        let text = String(decoding: self.map.json, as: UTF8.self)
        _ = try JSONText(checking: self.map.json)
        #expect(text.hasPrefix(#"{"width":1000,"height":620,"streets":[{"kind":"street","points":[["#))
        let streets = text.split(separator: #""kind""#).count - 1
        #expect(streets == self.map.streets.count)
    }

    @Test(arguments: [(0.0, "0"), (12.04, "12"), (12.05, "12.1"), (0.96, "1"), (-3.14, "-3.1"), (-0.04, "0")])
    func tenths(_ number: Double, _ text: String) {
        var writer = JSONWriter()
        writer.tenths(number)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }
}
