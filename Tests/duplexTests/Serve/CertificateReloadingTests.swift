import Logging
import Synchronization
import Testing
import UnixSignals

@testable import duplex

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite(.timeLimit(.minutes(1))) struct CertificateReloadingTests {
    /// Keeps what is logged.
    private struct Recorder: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            self.lines.add(
                "\(event.level): \(event.message) \((event.metadata ?? [:]).values.map { "\($0)" }.joined())")
        }
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { self.lines.withLock { $0 } }
        func add(_ line: String) { self.lines.withLock { $0.append(line) } }
    }

    private struct Broken: Error, CustomStringConvertible { var description: String { "it is broken" } }

    /// Two files in a folder of their own, and what is done with them.
    private func withReloading(
        isBroken: Bool = false,
        _ body: (_ reloading: CertificateReloading, _ files: [URL], _ lines: Lines) throws -> Void
    ) async throws {
        let folder = URL(filePath: temporaryFolder).appending(path: "duplex-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["cert.pem", "key.pem"].map { folder.appending(path: $0) }
        for file in files { try Data("old".utf8).write(to: file) }
        let lines = Lines()
        let logger = Logger(label: "test", factory: { _ in Recorder(lines: lines) })
        let reloading = CertificateReloading(
            files: files.map { $0.path(percentEncoded: false) }, interval: .zero,
            // Of a signal that nobody sends.
            hangups: await UnixSignalsSequence(trapping: .sigwinch), logger: logger
        ) {
            if isBroken { throw Broken() }
            return Date(timeIntervalSince1970: 0)
        }
        try body(reloading, files, lines)
    }

    private var temporaryFolder: String { FileManager.default.temporaryDirectory.path(percentEncoded: false) }

    @Test func filesThatStayAreNotReadAgain() async throws {
        try await self.withReloading { reloading, _, lines in
            reloading.reloadIfChanged()
            #expect(lines.all == [])
        }
    }

    @Test(arguments: 0...1)
    func aFileThatChangesIsReadAgainOnce(index: Int) async throws {
        try await self.withReloading { reloading, files, lines in
            try Data("newer".utf8).write(to: files[index])
            reloading.reloadIfChanged()
            reloading.reloadIfChanged()
            #expect(lines.all == ["notice: certificate read again 1970-01-01T00:00:00Z"])
        }
    }

    @Test func aFileOfTheSameSizeThatTakesItsPlaceIsSeen() async throws {
        try await self.withReloading { reloading, files, lines in
            let other = files[0].deletingLastPathComponent().appending(path: "other")
            try Data("new".utf8).write(to: other)
            try FileManager.default.removeItem(at: files[0])
            try FileManager.default.moveItem(at: other, to: files[0])
            reloading.reloadIfChanged()
            #expect(lines.all.count == 1)
        }
    }

    @Test func whatIsBrokenIsToldOnceForEachChange() async throws {
        try await self.withReloading(isBroken: true) { reloading, files, lines in
            try FileManager.default.removeItem(at: files[0])
            reloading.reloadIfChanged()
            reloading.reloadIfChanged()
            #expect(lines.all == ["error: certificate not read again; the old one stays it is broken"])
            try Data("back".utf8).write(to: files[0])
            reloading.reloadIfChanged()
            #expect(lines.all.count == 2)
        }
    }

    @Test func aHangupAlwaysReads() async throws {
        try await self.withReloading { reloading, _, lines in
            reloading.hungUp()
            reloading.hungUp()
            reloading.reloadIfChanged()
            #expect(lines.all.count == 2)
        }
    }

    @Test func withoutTLSAHangupIsOnlyTold() async throws {
        let lines = Lines()
        let reloading = CertificateReloading(
            files: [], interval: .zero, hangups: await UnixSignalsSequence(trapping: .sigwinch),
            logger: Logger(label: "test", factory: { _ in Recorder(lines: lines) })
        ) { throw Broken() }
        reloading.hungUp()
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.hasPrefix("notice: SIGHUP") == true)
    }
}
