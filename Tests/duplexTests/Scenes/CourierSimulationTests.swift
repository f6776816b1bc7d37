import RealtimeCore
import Testing

@testable import Realtime
@testable import duplex

@Suite struct CourierSimulationTests {
    private let map = StreetMap.town

    /// How far a point is from the nearest street.
    private func distanceToStreets(_ point: StreetMap.Point) -> Double {
        var nearest = Double.infinity
        for street in self.map.streets {
            for (from, to) in zip(street.crossings, street.crossings.dropFirst()) {
                let (a, b) = (self.map.crossings[from], self.map.crossings[to])
                let (dx, dy) = (b.x - a.x, b.y - a.y)
                let part = ((point.x - a.x) * dx + (point.y - a.y) * dy) / (dx * dx + dy * dy)
                let foot = min(max(part, 0), 1)
                nearest = min(nearest, point.distance(to: StreetMap.Point(x: a.x + foot * dx, y: a.y + foot * dy)))
            }
        }
        return nearest
    }

    @Test func theSameSeedIsTheSameTraffic() {
        var (first, second, other) = (
            CourierSimulation(seed: 7), CourierSimulation(seed: 7), CourierSimulation(seed: 8)
        )
        for _ in 0..<100 {
            let (one, two, three) = (first.next(), second.next(), other.next())
            #expect(one == two)
            #expect(one != three)
        }
    }

    @Test func couriersStayOnTheStreets() {
        var simulation = CourierSimulation(seed: 1)
        var farthest = 0.0
        for _ in 0..<200 {
            simulation.advance(by: 1)
            for courier in simulation.couriers {
                farthest = max(farthest, self.distanceToStreets(courier.position(on: self.map)))
            }
        }
        #expect(farthest < 0.001)
    }

    @Test func nobodyJumps() {
        var simulation = CourierSimulation(seed: 2)
        var jumps = 0
        for _ in 0..<1500 {
            let before = simulation.couriers
            simulation.advance(by: 0.2)
            for (before, after) in zip(before, simulation.couriers) {
                let distance = before.position(on: self.map).distance(to: after.position(on: self.map))
                if distance > after.pace * 0.2 + 0.001 || before.pace != after.pace { jumps += 1 }
            }
        }
        #expect(jumps == 0)
        #expect(simulation.couriers.allSatisfy { Courier.paces.contains($0.pace) })
    }

    @Test func allDoWhatCouriersDoInTheirOrder() {
        var simulation = CourierSimulation(seed: 3)
        let order = Courier.State.allCases
        var seen = Set<Courier.State>()
        var wrong: [Courier.State] = []
        for _ in 0..<1500 {
            let before = simulation.couriers
            simulation.advance(by: 0.2)
            for (before, after) in zip(before, simulation.couriers) {
                seen.insert(after.state)
                guard before.state != after.state, let place = order.firstIndex(of: before.state) else { continue }
                // A way may have no length, but the rests behind it have.
                let next = order[(place + 1) % order.count], second = order[(place + 2) % order.count]
                if after.state != next, !next.isMoving || after.state != second { wrong.append(after.state) }
            }
        }
        #expect(wrong == [])
        #expect(seen.count == order.count)
    }

    @Test func whoStandsHasNoSpeedAndStaysThere() {
        var simulation = CourierSimulation(seed: 4)
        var wrong = 0
        for _ in 0..<300 {
            let before = simulation.couriers
            simulation.advance(by: 0.2)
            for (before, after) in zip(before, simulation.couriers) where before.state == after.state {
                let isSame = before.position(on: self.map) == after.position(on: self.map)
                if isSame == after.state.isMoving { wrong += 1 }
                let text = String(decoding: after.json(on: self.map), as: UTF8.self)
                if text.contains(#""speed":0,"#) == after.state.isMoving { wrong += 1 }
            }
        }
        #expect(wrong == 0)
    }

    @Test func eachMomentSaysWhereEachIs() throws {
        var simulation = CourierSimulation(seed: 5)
        let moment = simulation.next()
        #expect(moment.pause == .milliseconds(200))
        #expect(moment.messages.map { $0.key?.text } == (1...24).map { "courier-\($0)" })
        for message in moment.messages { _ = try JSONText(checking: message.data) }
        // More than 100 a second.
        let rate = Double(moment.messages.count) / (moment.pause / .seconds(1))
        #expect(rate > 100)
    }

    @Test func aPointIsWritten() {
        var courier = Courier(from: 0, pace: 7.04)
        courier.way = [1]
        courier.state = .toCustomer
        courier.order = 17
        let map = StreetMap(
            width: 100, height: 100, crossings: [.init(x: 10, y: 20), .init(x: 60, y: 20), .init(x: 60, y: 80)],
            streets: [.init(kind: .street, crossings: [0, 1, 2])], river: [], parks: [])
        let rest = courier.ride(1, on: map)
        #expect(rest == nil)
        #expect(
            String(decoding: courier.json(on: map), as: UTF8.self)
                == #"{"x":17,"y":20,"speed":7,"heading":90,"state":"to-customer","order":17}"#)
        courier.way.append(2)
        _ = courier.ride(10, on: map)
        #expect(courier.heading == 180)
        #expect(courier.from == 1)
        let left = courier.ride(100, on: map)
        #expect(left.map { $0 > 95 && $0 < 96 } == true)
        #expect(courier.position(on: map) == .init(x: 60, y: 80))
    }
}
