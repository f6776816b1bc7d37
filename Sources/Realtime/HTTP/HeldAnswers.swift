import RealtimeCore
import Synchronization

/// Counts the answers that are held: streams, and long polls that wait. Any thread.
final class HeldAnswers: Sendable {
    /// One's place, for as long as somebody has it.
    final class Place: Sendable {
        private let all: HeldAnswers
        private let member: MemberID

        fileprivate init(_ all: HeldAnswers, _ member: MemberID) {
            self.all = all
            self.member = member
        }

        deinit { self.all.release(self.member) }
    }

    private struct State: ~Copyable {
        var count = 0
        var members: [MemberID: Int] = [:]
    }

    private let most: Int
    private let mostPerMember: Int
    private let state = Mutex(State())

    init(most: Int, perMember: Int) {
        self.most = most
        self.mostPerMember = perMember
    }

    /// How many there are.
    var count: Int { self.state.withLock { $0.count } }

    /// Takes a place.
    ///
    /// - Throws: ``HTTPFailure`` if there is none.
    func take(for member: MemberID) throws(HTTPFailure) -> Place {
        let failure = self.state.withLock { state -> HTTPFailure? in
            guard state.members[member, default: 0] < self.mostPerMember else {
                return HTTPFailure(.rateLimited, "there are \(self.mostPerMember) answers held for this member")
            }
            guard state.count < self.most else {
                return HTTPFailure(.unavailable, "as many answers are held as the server can hold")
            }
            state.count += 1
            state.members[member, default: 0] += 1
            return nil
        }
        if let failure { throw failure }
        return Place(self, member)
    }

    private func release(_ member: MemberID) {
        self.state.withLock { state in
            state.count -= 1
            let left = state.members[member, default: 1] - 1
            state.members[member] = left == 0 ? nil : left
        }
    }
}
