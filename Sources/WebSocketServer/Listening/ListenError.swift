/// Why an address cannot be listened on.
public struct ListenError: Error, CustomStringConvertible {
    /// The address, as it was given.
    public let address: String
    /// What is wrong, in the operating system's words where it was asked.
    public let reason: String

    init(address: String, _ reason: String) {
        self.address = address
        self.reason = reason
    }

    /// One line for people.
    public var description: String { "cannot listen on \(self.address): \(self.reason)" }
}
