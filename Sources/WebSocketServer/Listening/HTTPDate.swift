import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The time as the Date field has it (RFC 9110, section 5.6.7). Made once a second.
final class HTTPDate: Sendable {
    private let last = Mutex<(second: Int, text: String)>((.min, ""))

    /// The time now.
    var now: String {
        let second = time(nil)
        return self.last.withLock { last in
            if last.second != second { last = (second, HTTPDate.text(of: second)) }
            return last.text
        }
    }

    /// A time, in seconds since 1970.
    static func text(of second: Int) -> String {
        var (second, parts) = (second, tm())
        gmtime_r(&second, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        return
            "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}
