/// How many bytes this process has asked for so far: the address sanitizer tells of each allocation, zlib's too.
nonisolated(unsafe) private var allocated = 0
nonisolated(unsafe) private var isInstalled = false

@_silgen_name("__sanitizer_install_malloc_and_free_hooks")
private func install(
    _ malloc: @convention(c) (UnsafeRawPointer?, Int) -> Void, _ free: @convention(c) (UnsafeRawPointer?) -> Void
) -> CInt

/// Adds up what is asked for meanwhile, whether it is given back or not.
func countingAllocations<Result>(into sum: inout Int, _ body: () -> Result) -> Result {
    if !isInstalled {
        isInstalled = install({ _, size in allocated += size }, { _ in }) > 0
        require(isInstalled, "the sanitizer has no room for another hook")
    }
    let before = allocated
    defer { sum += allocated - before }
    return body()
}
