import RealtimeCore
import Testing

struct RoomSettingsTests {
    @Test func defaults() {
        let settings = RoomSettings()
        #expect(settings.log == LogLimits())
        #expect(settings.presence == PresenceLimits())
        #expect(settings.idempotency == IdempotencyLimits())
    }
}
