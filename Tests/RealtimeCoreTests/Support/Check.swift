import Testing

/// A property did not hold.
struct Mismatch: Error {}

/// `#expect` for the inside of a long loop: it costs next to nothing as long as the condition holds, and ends the test when it
/// does not, since all that follows would be wrong as well.
func check(
    _ condition: Bool, _ context: @autoclosure () -> String, _ location: SourceLocation = #_sourceLocation
) throws {
    guard !condition else { return }
    Issue.record("\(context())", sourceLocation: location)
    throw Mismatch()
}
