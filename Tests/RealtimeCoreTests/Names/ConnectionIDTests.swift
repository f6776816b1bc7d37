import RealtimeCore
import Testing

struct ConnectionIDTests {
    @Test func number() {
        #expect(ConnectionID(7).number == 7)
        #expect(ConnectionID(7).description == "7")
        #expect(ConnectionID(7) < ConnectionID(8))
    }
}
