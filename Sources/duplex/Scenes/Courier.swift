import Realtime

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A courier on the streets.
struct Courier: Sendable, Equatable {
    /// What it does. The names are those of the messages.
    enum State: String, Sendable, CaseIterable {
        /// It has nothing to do.
        case waiting
        case toKitchen = "to-kitchen"
        case pickingUp = "picking-up"
        case toCustomer = "to-customer"
        case handingOver = "handing-over"

        var isMoving: Bool { self == .toKitchen || self == .toCustomer }
    }

    /// How fast couriers are, each at its own pace, in metres a second: a slow bicycle and a fast scooter.
    static let paces = 6.0...13.0

    var state = State.waiting
    /// The crossing it comes from, and those that lie before it.
    var from: Int
    var way: [Int] = []
    /// How far behind ``from`` it is, in metres.
    var progress = 0.0
    var pace: Double
    /// How long it still stands, in seconds.
    var rest = 0.0
    /// Which order it carries, counted through all couriers; 0 before its first.
    var order = 0
    /// Where it last rode to, in degrees clockwise from north.
    var heading = 0

    /// Where it is.
    func position(on map: StreetMap) -> StreetMap.Point {
        let from = map.crossings[self.from]
        guard let next = self.way.first else { return from }
        let to = map.crossings[next]
        let part = self.progress / from.distance(to: to)
        return StreetMap.Point(x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part)
    }

    /// Rides on, for so many seconds at most.
    ///
    /// - Returns: How many seconds are left when it has arrived; nil if it has not.
    mutating func ride(_ seconds: Double, on map: StreetMap) -> Double? {
        var metres = seconds * self.pace
        while let next = self.way.first {
            let (from, to) = (map.crossings[self.from], map.crossings[next])
            let left = from.distance(to: to) - self.progress
            self.heading = Courier.heading(from: from, to: to)
            if metres < left {
                self.progress += metres
                return nil
            }
            metres -= left
            self.from = next
            self.way.removeFirst()
            self.progress = 0
        }
        return metres / self.pace
    }

    private static func heading(from: StreetMap.Point, to: StreetMap.Point) -> Int {
        let degrees = Int((atan2(to.x - from.x, from.y - to.y) * 180 / .pi).rounded())
        return (degrees + 360) % 360
    }

    /// The courier as a message: `{"x":412.3,"y":88,"speed":7.5,"heading":90,"state":"to-customer","order":17}`, in metres and metres a
    /// second.
    func json(on map: StreetMap) -> [UInt8] {
        let position = self.position(on: map)
        var writer = JSONWriter(capacity: 96)
        writer.raw(#"{"x":"#)
        writer.tenths(position.x)
        writer.raw(#","y":"#)
        writer.tenths(position.y)
        writer.raw(#","speed":"#)
        writer.tenths(self.state.isMoving ? self.pace : 0)
        writer.raw(#","heading":"#)
        writer.count(self.heading)
        writer.raw(#","state":""#)
        writer.raw(self.state.rawValue.utf8)
        writer.raw(#"","order":"#)
        writer.count(self.order)
        writer.raw("}")
        return writer.bytes
    }
}
