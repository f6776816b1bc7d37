#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Android)
import Android
#endif

/// Which thread this is. Asking an event loop whether it is the current one goes through an existential and thread-local
/// storage, which a 20-byte message notices.
enum ThreadID {
    /// The current thread; never 0.
    static var current: UInt {
        #if canImport(Darwin)
        UInt(bitPattern: pthread_self())
        #else
        UInt(pthread_self())
        #endif
    }
}
