public import NIOCore
public import NIOPosix
import WebSocketCore
public import WebSocketNIO

extension WebSocket {
    /// Connects in the background (WebSockets standard, section 3.1): returns at once, and the open event, or an error event
    /// and a close event, follow. Of several WebSockets to one host and port, one at a time does its opening handshake (RFC
    /// 6455, section 4.1).
    ///
    /// - Parameters:
    ///   - url: ws://… or wss://…; http and https stand for them. There must be no fragment.
    ///   - protocols: The subprotocols to ask for, best first: tokens, each once (however written). If the server chooses none of
    ///     them, the connection fails.
    ///   - options: How to connect; ``DialOptions/protocols`` is not used.
    ///   - group: The event loops, one of which it lives on.
    /// - Throws: ``WebSocketNIO/DOMException``, SyntaxError, for an address or a subprotocol that cannot be.
    public convenience init(
        _ url: String, protocols: [String] = [], options: DialOptions = DialOptions(),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws(DOMException) {
        let parsed: WebSocketURL
        do {
            parsed = try WebSocketURL(url)
        } catch {
            throw DOMException("\(error)", name: .syntaxError)
        }
        var seen: Set<String> = []
        for name in protocols {
            guard HTTPGrammar.isToken(name), seen.insert(name.lowercased()).inserted else {
                throw DOMException("\"\(name)\" cannot be a subprotocol, or is given twice", name: .syntaxError)
            }
        }
        var options = options
        options.protocols = protocols
        let loop = group.next()
        self.init(
            url: parsed.href, origin: parsed.origin, on: loop, maxSendBuffer: options.configuration.maxSendBuffer)
        self.dial(url, host: parsed.authority, options)
    }

    /// Connects in the background, and asks for one subprotocol; see ``init(_:protocols:options:on:)-([String],_,_)``.
    public convenience init(
        _ url: String, protocols: String, options: DialOptions = DialOptions(),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws(DOMException) {
        try self.init(url, protocols: [protocols], options: options, on: group)
    }

    /// - Parameters:
    ///   - url: As it was given.
    ///   - host: Of which one connection at a time is being opened.
    ///   - options: How to connect.
    private func dial(_ url: String, host: String, _ options: DialOptions) {
        let loop = self.eventLoop
        let task = Task {
            do {
                let turn = try await ConnectingTurns.shared.wait(for: host)
                defer { turn.end() }
                _ = try await WebSocketClient.connect(
                    to: url, options: options, on: loop,
                    events: { self.connected($0, needsSubprotocol: !options.protocols.isEmpty) })
            } catch is CancellationError {
                self.failed(WebSocketError(.closedWhileConnecting))
            } catch {
                self.failed(error)
            }
        }
        self.connecting(giveUp: { task.cancel() })
    }
}
