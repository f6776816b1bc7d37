public import RealtimeCore
import Synchronization

extension RealtimeHub {
    /// Gives a client its session, and says hello.
    func entered(_ client: HubClient, _ asked: SessionID?) {
        typealias Entry = (session: SessionID?, resumed: Bool, older: (ConnectionID, ClientReference)?)
        let entry = self.clients.withLock { clients -> Entry in
            let reference = ClientReference(client: client, loop: client.shard.loop, member: client.identity.member)
            clients.byID[client.id] = reference
            if let asked {
                let older = Result { () throws(RealtimeError) in
                    try clients.sessions.attach(client.id, to: asked, identity: client.identity.member)
                }
                if case .success(let id) = older {
                    return (asked, true, id.flatMap { id in clients.byID[id].map { (id, $0) } })
                }
            }
            let id = SessionID(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
            do throws(RealtimeError) {
                _ = try clients.sessions.open(id, identity: client.identity.member, transport: client.id)
                return (id, false, nil)
            } catch {
                return (nil, false, nil)
            }
        }
        client.session = entry.session
        if let (id, older) = entry.older {
            self.close(id, older, code: 4001, reason: "another connection has the session")
        }
        guard let session = entry.session else {
            client.refuse(WireError(.tooManySessions, "there are too many sessions"))
            client.connection.close(code: 1013, reason: "too many sessions")
            return
        }
        client.say(.welcome(session: session, member: client.identity.member, resumed: entry.resumed))
    }

    /// A client is gone: its session waits, with the positions that it had.
    func left(_ client: HubClient) {
        let now = self.now
        self.clients.withLock { clients in
            clients.byID[client.id] = nil
            guard let session = client.session, clients.sessions.session(of: client.id) == session else { return }
            for (room, subscriber) in client.rooms {
                if (try? clients.sessions.join(room, at: subscriber.position, session)) == nil { continue }
                _ = clients.sessions.advance(room, to: subscriber.position, session)
            }
            clients.sessions.detach(client.id, now: now)
        }
    }

    /// Closes a client's connection, on its loop, unless it is gone.
    private func close(_ id: ConnectionID, _ reference: ClientReference, code: UInt16, reason: String) {
        reference.loop.execute {
            // It is taken out on this loop, so it is there as long as it is listed.
            guard self.clients.withLock({ $0.byID[id] != nil }) else { return }
            reference.client.connection.close(code: code, reason: reason)
        }
    }

    /// Where a session is in a room; nil if it is not known there. Whose session it is does not matter: its id is a secret.
    public func position(of session: SessionID, in room: RoomName) -> Position? {
        self.clients.withLock { $0.sessions[session]?.rooms[room] }
    }

    /// Throws a member out: all its connections are closed with 4003. Its client does not come back by itself.
    public func disconnect(_ member: MemberID, reason: String = "disconnected") {
        let found = self.clients.withLock { clients in
            clients.byID.filter { $0.value.member == member }.map { (id: $0.key, reference: $0.value) }
        }
        for (id, reference) in found { self.close(id, reference, code: 4003, reason: reason) }
    }
}
