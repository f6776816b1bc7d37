import Testing

@testable import duplex

@Suite struct FeedSceneTests {
    @Test func numbersFollowEachOtherEvenly() {
        var feed = FeedScene()
        #expect(feed.present() == [])
        let moments = (0..<3).map { _ in feed.next() }
        let texts = moments.flatMap(\.messages).map { String(decoding: $0.data, as: UTF8.self) }
        #expect(texts == [#"{"number":1}"#, #"{"number":2}"#, #"{"number":3}"#])
        #expect(moments.allSatisfy { $0.pause == .milliseconds(50) })
    }
}
