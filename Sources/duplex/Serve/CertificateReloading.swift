import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Reads certificates again, at SIGHUP and when their files have changed.
final class CertificateReloading: Service {
    private let files: [String]
    private let interval: Duration
    private let hangups: UnixSignalsSequence
    private let logger: Logger
    /// Reads them again; gives when the certificate expires.
    private let reload: @Sendable () throws -> Date
    /// How the files were when they were read last, with whatever success: what is broken is not tried again before it changes.
    private let read: Mutex<[FileStamp?]>

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - files: The files that are read; none where there is no TLS.
    ///   - interval: How often they are looked at; zero for never.
    ///   - hangups: SIGHUP. It is held as long as the service, so that SIGHUP never ends the process.
    ///   - logger: Where is told what happened: at notice when they were read, at error when that failed.
    ///   - reload: Reads them again, and gives when the certificate expires. When it throws, the old ones stay.
    init(
        files: [String], interval: Duration, hangups: UnixSignalsSequence, logger: Logger,
        reload: @escaping @Sendable () throws -> Date
    ) {
        self.files = files
        self.interval = interval
        self.hangups = hangups
        self.logger = logger
        self.reload = reload
        self.read = Mutex(files.map { FileStamp(of: $0) })
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask {
                    for await _ in self.hangups { self.hungUp() }
                }
                guard !self.files.isEmpty, self.interval > .zero else { return }
                group.addTask {
                    while true {
                        try await Task.sleep(for: self.interval)
                        self.reloadIfChanged()
                    }
                }
            }
        }
    }

    /// SIGHUP came.
    func hungUp() {
        if self.files.isEmpty {
            self.logger.notice("SIGHUP: there is no certificate to read again; other settings need a restart")
        } else {
            self.reloadAll(FileStamp.all(of: self.files))
        }
    }

    /// Reads them again if one of the files is another than before.
    func reloadIfChanged() {
        let stamps = FileStamp.all(of: self.files)
        if stamps != self.read.withLock({ $0 }) { self.reloadAll(stamps) }
    }

    /// The stamps are from before the reading: a file that changes meanwhile is read once more, not once too few.
    private func reloadAll(_ stamps: [FileStamp?]) {
        self.read.withLock { $0 = stamps }
        do {
            let expiry = try self.reload()
            self.logger.notice(
                "certificate read again", metadata: ["expires": "\(expiry.formatted(.iso8601))"])
        } catch {
            self.logger.error(
                "certificate not read again; the old one stays", metadata: ["error": "\(error)"])
        }
    }
}

/// What tells that a file is another than before. Links are followed, as Kubernetes replaces links.
struct FileStamp: Equatable, Sendable {
    private var inode: UInt64
    private var size: Int64
    private var seconds: Int
    private var nanoseconds: Int

    /// Nil when there is no such file.
    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        self.inode = UInt64(status.st_ino)
        self.size = Int64(status.st_size)
        self.seconds = Int(time.tv_sec)
        self.nanoseconds = Int(time.tv_nsec)
    }

    /// The stamps of some files.
    static func all(of paths: [String]) -> [FileStamp?] {
        paths.map { FileStamp(of: $0) }
    }
}
