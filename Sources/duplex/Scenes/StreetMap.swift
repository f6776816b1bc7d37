/// A town's streets: crossings, and the straight streets between them, both ways. In metres, from the upper left corner.
struct StreetMap: Sendable {
    struct Point: Sendable, Equatable {
        var x: Double
        var y: Double

        func distance(to other: Point) -> Double {
            let (dx, dy) = (other.x - self.x, other.y - self.y)
            return (dx * dx + dy * dy).squareRoot()
        }
    }

    /// A line that is drawn as one: its crossings in order.
    struct Street: Sendable {
        /// How wide it is drawn.
        enum Kind: String, Sendable { case street, avenue }
        var kind: Kind
        var crossings: [Int]
    }

    let width: Double
    let height: Double
    let crossings: [Point]
    let streets: [Street]
    /// What is only drawn: the river as a line, the parks as areas.
    let river: [Point]
    let parks: [[Point]]
    /// The crossings that streets lead to.
    let places: [Int]
    /// Where each crossing leads to, and how far that is.
    let neighbours: [[(crossing: Int, length: Double)]]

    init(
        width: Double, height: Double, crossings: [Point], streets: [Street], river: [Point], parks: [[Point]]
    ) {
        (self.width, self.height) = (width, height)
        (self.crossings, self.streets, self.river, self.parks) = (crossings, streets, river, parks)
        var neighbours = [[(crossing: Int, length: Double)]](repeating: [], count: crossings.count)
        for street in streets {
            for (from, to) in zip(street.crossings, street.crossings.dropFirst()) {
                let length = crossings[from].distance(to: crossings[to])
                neighbours[from].append((to, length))
                neighbours[to].append((from, length))
            }
        }
        self.neighbours = neighbours
        self.places = neighbours.indices.filter { !neighbours[$0].isEmpty }
    }

    /// The shortest way, without the crossing where it begins; empty if it leads nowhere, or there is none.
    ///
    /// Dijkstra's; with so few crossings the nearest one is searched for, which is as fast as a heap.
    func way(from start: Int, to end: Int) -> [Int] {
        var distances = [Double](repeating: .infinity, count: self.crossings.count)
        var before = [Int?](repeating: nil, count: self.crossings.count)
        var open = Set([start])
        distances[start] = 0
        while let nearest = open.min(by: { (distances[$0], $0) < (distances[$1], $1) }), nearest != end {
            open.remove(nearest)
            for (next, length) in self.neighbours[nearest] where distances[nearest] + length < distances[next] {
                distances[next] = distances[nearest] + length
                before[next] = nearest
                open.insert(next)
            }
        }
        var way: [Int] = []
        var at = end
        while let previous = before[at], at != start {
            way.append(at)
            at = previous
        }
        return way.reversed()
    }
}
