extension WebSocketURL {
    var href: String { "\(self.isSecure ? "wss" : "ws")://\(self.authority)\(self.path)" }
    var origin: String { "\(self.isSecure ? "wss" : "ws")://\(self.authority)" }
}
