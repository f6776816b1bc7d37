import Foundation
import Testing

@testable import duplex

@Suite(.timeLimit(.minutes(1))) struct StandardStreamsTests {
    @Test func linesAreWrittenAtOnce() {
        let pipe = Pipe()
        #expect(StandardStreams.write("héllo", to: pipe.fileHandleForWriting.fileDescriptor))
        #expect(StandardStreams.write("", to: pipe.fileHandleForWriting.fileDescriptor))
        #expect(pipe.fileHandleForReading.availableData == Data("héllo\n\n".utf8))
    }

    @Test func moreThanAPipeHolds() async throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        let line = String(repeating: "x", count: 1 << 20)
        let (done, continuation) = AsyncStream<Bool>.makeStream()
        // Writing blocks until somebody reads: not on a thread that others need.
        Thread.detachNewThread { continuation.yield(StandardStreams.write(line, to: descriptor)) }
        var read = 0
        while read < line.utf8.count + 1 { read += pipe.fileHandleForReading.availableData.count }
        #expect(read == line.utf8.count + 1)
        var iterator = done.makeAsyncIterator()
        #expect(await iterator.next() == true)
    }

    @Test func aReaderThatIsGoneIsNoticed() throws {
        // As NIO does for the command; without it the signal would end the process.
        signal(SIGPIPE, SIG_IGN)
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        #expect(!StandardStreams.write("nobody", to: pipe.fileHandleForWriting.fileDescriptor))
    }
}
