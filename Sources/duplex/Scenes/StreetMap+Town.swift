extension StreetMap {
    /// The town where the couriers are: a grid that has grown crooked, a river with three bridges, a park, an avenue across.
    static let town: StreetMap = {
        let (columns, rows) = (11, 7)
        var generator = SceneGenerator(seed: 1)
        var crossings: [Point] = []
        for row in 0..<rows {
            for column in 0..<columns {
                let isEdge = column == 0 || column == columns - 1
                crossings.append(
                    Point(
                        x: (40 + 92 * Double(column) + (isEdge ? 0 : generator.number(in: -16...16))).rounded(),
                        y: (54 + 86 * Double(row) + 14 * bend(column) + generator.number(in: -12...12)).rounded()))
            }
        }
        func at(_ column: Int, _ row: Int) -> Int { row * columns + column }
        var streets: [Street] = []
        for row in 0..<rows {
            // Cut where the park is.
            let parts = row == 1 ? [0...6, 8...10] : [0...10]
            for part in parts {
                streets.append(Street(kind: row == 5 ? .avenue : .street, crossings: part.map { at($0, row) }))
            }
        }
        for column in 0..<columns {
            // The river runs between the rows 3 and 4, and has bridges here only.
            let hasBridge = [2, 5, 9].contains(column)
            let parts = hasBridge ? [0...6] : column == 7 ? [2...3, 4...6] : [0...3, 4...6]
            for part in parts {
                streets.append(Street(kind: column == 5 ? .avenue : .street, crossings: part.map { at(column, $0) }))
            }
        }
        // The avenue across: over crossings that are there.
        streets.append(Street(kind: .avenue, crossings: [at(0, 3), at(1, 2), at(2, 1), at(3, 0)]))
        let river = (0...12).map { step in
            Point(x: Double(step) * 84 - 2, y: (356 + 14 * bend(Double(step) * 84 / 92 - 0.4)).rounded())
        }
        let park = [at(6, 0), at(8, 0), at(8, 1), at(8, 2), at(6, 2), at(6, 1)].map { crossings[$0] }
        let middle = Point(
            x: park.map(\.x).reduce(0, +) / Double(park.count), y: park.map(\.y).reduce(0, +) / Double(park.count))
        // A little within its streets.
        let lawn = park.map {
            Point(
                x: (middle.x + ($0.x - middle.x) * 0.86).rounded(), y: (middle.y + ($0.y - middle.y) * 0.86).rounded())
        }
        return StreetMap(
            width: 1000, height: 620, crossings: crossings, streets: streets, river: river, parks: [lawn])
    }()

    /// A gentle wave: a parabola up and down, so that it is the same on each machine.
    private static func bend(_ column: some BinaryInteger) -> Double { self.bend(Double(column)) }

    private static func bend(_ column: Double) -> Double {
        let half = column / 5
        let place = half - half.rounded(.down)
        let sign: Double = Int(half.rounded(.down)).isMultiple(of: 2) ? 1 : -1
        return sign * 4 * place * (1 - place)
    }
}
