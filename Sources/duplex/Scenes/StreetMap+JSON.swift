import Realtime

extension StreetMap {
    /// The map for those who draw it:
    /// `{"width":1000,"height":620,"streets":[{"kind":"avenue","points":[[40,41],…]}],"river":[[-2,351],…],"parks":[[[x,y],…]]}`.
    var json: [UInt8] {
        var writer = JSONWriter(capacity: 4096)
        writer.raw(#"{"width":"#)
        writer.tenths(self.width)
        writer.raw(#","height":"#)
        writer.tenths(self.height)
        writer.raw(#","streets":["#)
        for (place, street) in self.streets.enumerated() {
            if place > 0 { writer.raw(",") }
            writer.raw(#"{"kind":""#)
            writer.raw(street.kind.rawValue.utf8)
            writer.raw(#"","points":"#)
            writer.points(street.crossings.map { self.crossings[$0] })
            writer.raw("}")
        }
        writer.raw(#"],"river":"#)
        writer.points(self.river)
        writer.raw(#","parks":["#)
        for (place, park) in self.parks.enumerated() {
            if place > 0 { writer.raw(",") }
            writer.points(park)
        }
        writer.raw("]}")
        return writer.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func points(_ points: [StreetMap.Point]) {
        self.raw("[")
        for (place, point) in points.enumerated() {
            if place > 0 { self.raw(",") }
            self.raw("[")
            self.tenths(point.x)
            self.raw(",")
            self.tenths(point.y)
            self.raw("]")
        }
        self.raw("]")
    }
}
