/// What somebody may have meant.
enum Spelling {
    /// The known word with the fewest letters to change; the first of equals. Nil when none is known.
    static func nearest(to word: String, among known: [String]) -> String? {
        known.min { distance(word, $0) < distance(word, $1) }
    }

    /// How many letters have to be put in, taken out or replaced, in whatever case they are (Levenshtein's distance).
    static func distance(_ first: String, _ second: String) -> Int {
        let (first, second) = (Array(first.lowercased().utf8), Array(second.lowercased().utf8))
        var row = Array(0...second.count)
        for (index, letter) in first.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in second.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[second.count]
    }
}
