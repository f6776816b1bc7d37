import NIOCore
import Testing
import WebSocketCore

@testable import WebSocketNIO

struct HeldMessagesTests {
    private static func message(_ number: Int, count: Int, isDroppable: Bool, key: Int?) -> HeldMessage {
        HeldMessage(
            opcode: .text, payload: ByteBuffer(string: "\(number) " + String(repeating: "x", count: count)),
            compress: true,
            isDroppable: isDroppable, key: key)
    }

    /// Behind one that cannot be dropped any number come and go.
    @Test func placesOfTheDroppedAreGivenBack() {
        var held = HeldMessages()
        held.append(Self.message(0, count: 10, isDroppable: false, key: nil))
        for number in 1...10_000 {
            if held.count > 50 { _ = held.dropOldest(1, except: number % 7) }
            let message = Self.message(number, count: 10, isDroppable: true, key: number % 7)
            if number % 3 == 0 || !held.replace(with: message) {
                var plain = message
                plain.key = nil
                held.append(plain)
            }
            #expect(held.placeCount <= 2 * held.count + 17)
        }
        #expect(held.popFirst()?.isDroppable == false)
    }

    /// Against a model that is a plain array.
    @Test func random() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var held = HeldMessages()
            var model: [HeldMessage] = []
            for number in 0..<300 {
                switch Int.random(in: 0..<6, using: &random) {
                case 0:
                    let first = held.popFirst()
                    #expect(first?.payload == model.first?.payload)
                    if !model.isEmpty { model.removeFirst() }
                case 1:
                    let count = Int.random(in: 1..<1000, using: &random)
                    let dropped = held.dropOldest(count)
                    var (expected, freed) = (0, 0)
                    while freed < count, let index = model.firstIndex(where: \.isDroppable) {
                        freed += model.remove(at: index).size
                        expected += 1
                    }
                    #expect(dropped == expected)
                default:
                    let message = Self.message(
                        number, count: Int.random(in: 0..<100, using: &random),
                        isDroppable: Int.random(in: 0..<4, using: &random) > 0,
                        key: [nil, 1, 2, 3].randomElement(using: &random)!)
                    if let key = message.key, message.isDroppable {
                        let place = model.lastIndex { $0.key == key && $0.isDroppable }
                        let replaced = held.replace(with: message)
                        #expect(replaced == (place != nil))
                        if let place { model[place] = message } else { model.append(message) }
                        if !replaced { held.append(message) }
                    } else {
                        var plain = message
                        plain.key = nil
                        held.append(plain)
                        model.append(plain)
                    }
                }
                #expect(held.bytes == model.reduce(0) { $0 + $1.size })
                #expect(held.isEmpty == model.isEmpty)
                #expect(held.count == model.count)
                for key in 1...3 { #expect(held.size(of: key) == model.last { $0.key == key }?.size) }
            }
        }
    }
}
