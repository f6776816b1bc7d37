import RealtimeCore

/// Couriers that fetch meals and bring them, without end. A value: the same seed gives the same ways.
struct CourierSimulation: Scene, Equatable {
    /// How many couriers there are: 24.
    static let count = 24
    /// How often each says where it is: 5 times a second, so that all together say 120 positions.
    static let interval = Duration.milliseconds(200)
    /// How long a courier stands, in seconds: until an order comes, at the kitchen, and at the door.
    static let rests = (order: 2.0...20.0, kitchen: 3.0...12.0, door: 4.0...10.0)
    /// How many seconds have passed already when it begins: 300, in which each has had an order.
    static let warmUp = 300

    let map: StreetMap
    private(set) var couriers: [Courier]
    private let keys: [MessageKey]
    private let kitchens: [Int]
    private var generator: SceneGenerator
    private var orders = 0

    init(seed: UInt64, map: StreetMap = .town, count: Int = CourierSimulation.count) {
        var generator = SceneGenerator(seed: seed)
        self.map = map
        self.kitchens = (0..<6).map { _ in generator.pick(map.places) }
        self.keys = (1...count).compactMap { try? MessageKey("courier-\($0)") }
        self.couriers = (0..<count).map { _ in
            Courier(
                from: generator.pick(map.places), pace: generator.number(in: Courier.paces),
                rest: generator.number(in: 0...3))
        }
        self.generator = generator
        // Begun in the middle: couriers would all set out together.
        for _ in 0..<CourierSimulation.warmUp { self.advance(by: 1) }
    }

    static func == (left: CourierSimulation, right: CourierSimulation) -> Bool {
        left.couriers == right.couriers && left.generator == right.generator
    }

    func present() -> [SceneMessage] {
        zip(self.keys, self.couriers).map { SceneMessage(data: $1.json(on: self.map), key: $0) }
    }

    mutating func next() -> SceneMoment {
        self.advance(by: 0.2)
        return SceneMoment(pause: CourierSimulation.interval, messages: self.present())
    }

    /// Lets so many seconds pass.
    mutating func advance(by seconds: Double) {
        for index in self.couriers.indices { self.advance(index, by: seconds) }
    }

    private mutating func advance(_ index: Int, by seconds: Double) {
        var seconds = seconds
        while seconds > 0 {
            if self.couriers[index].state.isMoving {
                guard let left = self.couriers[index].ride(seconds, on: self.map) else { return }
                seconds = left
            } else {
                let rest = self.couriers[index].rest
                self.couriers[index].rest -= min(rest, seconds)
                guard rest <= seconds else { return }
                seconds -= rest
            }
            self.begin(index)
        }
    }

    /// What comes next for a courier that is done with what it did.
    private mutating func begin(_ index: Int) {
        let rests = CourierSimulation.rests
        switch self.couriers[index].state {
        case .waiting:
            self.orders += 1
            self.couriers[index].order = self.orders
            self.send(index, to: self.generator.pick(self.kitchens), .toKitchen)
        case .toKitchen:
            self.couriers[index].state = .pickingUp
            self.couriers[index].rest = self.generator.number(in: rests.kitchen)
        case .pickingUp:
            self.send(index, to: self.generator.pick(self.map.places), .toCustomer)
        case .toCustomer:
            self.couriers[index].state = .handingOver
            self.couriers[index].rest = self.generator.number(in: rests.door)
        case .handingOver:
            self.couriers[index].state = .waiting
            self.couriers[index].rest = self.generator.number(in: rests.order)
        }
    }

    private mutating func send(_ index: Int, to place: Int, _ state: Courier.State) {
        self.couriers[index].state = state
        self.couriers[index].way = self.map.way(from: self.couriers[index].from, to: place)
    }
}
