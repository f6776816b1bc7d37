import HTTPTypes
import RealtimeCore
import Testing

@testable import Realtime

@Suite struct HeldAnswersTests {
    @Test func aPlaceIsGivenBackWhenNobodyHasIt() throws {
        let held = HeldAnswers(most: 2, perMember: 1)
        let (ann, bob, cid) = (try MemberID("ann"), try MemberID("bob"), try MemberID("cid"))
        var first: HeldAnswers.Place? = try held.take(for: ann)
        #expect(throws: HTTPFailure.self) { try held.take(for: ann) }
        let second = try held.take(for: bob)
        let error = #expect(throws: HTTPFailure.self) { try held.take(for: cid) }
        #expect(error?.status == .serviceUnavailable)
        #expect(held.count == 2)
        withExtendedLifetime(first) {}
        first = nil
        #expect(held.count == 1)
        let again = try held.take(for: ann)
        withExtendedLifetime((second, again)) {}
        #expect(error != nil)
    }
}
