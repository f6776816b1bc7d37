import TestSupport
import Testing

@testable import RealtimeCore

struct OrderedTableTests {
    /// Against a plain array of pairs.
    @Test(arguments: 0..<50 as Range<UInt64>) func likeTheNaiveOne(seed: UInt64) throws {
        var random = Generator(seed: seed)
        var table = OrderedTable<Int, Int>()
        var naive: [(key: Int, value: Int)] = []
        for step in 0..<1000 {
            let context = "seed \(seed), step \(step)"
            let key = random.below(random.pick([8, 80]))
            let index = naive.firstIndex { $0.key == key }
            let had = table[key]
            try check(had == index.map { naive[$0].value }, context)
            switch (index, random.below(10)) {
            case (nil, _):
                naive.append((key, step))
                table.append(key, step)
            case (let index?, 0):
                naive[index].value += 1
                let changed = table.modify(key) { value in
                    value += 1
                    return value
                }
                try check(changed == naive[index].value, context)
            case (let index?, _):
                let removed = table.remove(key)
                try check(removed == naive.remove(at: index).value, context)
            }
            try check(table.count == naive.count, context)
            try check(table.placeCount <= 32 + 2 * table.count, context)
            let first = table.first
            try check(first?.key == naive.first?.key && first?.value == naive.first?.value, context)
            let limit = random.below(100)
            let prefix = table.prefix(limit)
            try check(prefix.map(\.key) == naive.prefix(limit).map(\.key), context)
            try check(prefix.map(\.value) == naive.prefix(limit).map(\.value), context)
        }
    }

    /// Who comes and goes all the time behind one who stays leaves no places behind.
    @Test func placesAreBounded() {
        var table = OrderedTable<Int, Int>()
        table.append(0, 0)
        for _ in 0..<10_000 {
            table.append(1, 1)
            table.remove(1)
        }
        #expect(table.count == 1)
        #expect(table.placeCount <= 33)
        #expect(table.first?.key == 0)
    }

    @Test func nothingThere() {
        var table = OrderedTable<Int, Int>()
        let removed = table.remove(1)
        let changed: Void? = table.modify(1) { $0 = 2 }
        #expect(removed == nil)
        #expect(changed == nil)
        #expect(table.first == nil)
        #expect(table.prefix(-1).isEmpty)
    }
}
