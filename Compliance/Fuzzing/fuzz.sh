#!/usr/bin/env bash
# Fuzzes WebSocketCore and WebSocketDeflate: arbitrary bytes in arbitrary pieces, both roles; see CoreFuzzer/.
#
#   Compliance/Fuzzing/fuzz.sh [SECONDS]      30 seconds if not given
#
# Exits with something else than 0 when there is a finding; the input that led to it is in .build-fuzz/findings, and is
# run again by `.build-fuzz/core-fuzzer FILE`. Needs a toolchain with libFuzzer, as swift.org's are.
set -euo pipefail

seconds=${1:-30}
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$here/../.." && pwd)/.build-fuzz
corpus=$build/corpus
findings=$build/findings
log=$build/fuzz.log

# A release build: its optimizations are what has to hold, and it runs several times as many inputs.
swift build --configuration release --package-path "$here" --scratch-path "$build"
# Linked here: in an executable of SwiftPM the entry point would be a Swift main, not libFuzzer's.
swiftc -use-ld=lld -sanitize=fuzzer,address "$build/release/libCoreFuzzer.a" -lz -o "$build/core-fuzzer"

# The seeds: two bytes of settings (see CoreFuzzer.swift), and something valid to start from.
rm -rf "$corpus" "$findings"
mkdir -p "$corpus" "$findings"
seed() { printf "$2" >"$corpus/$1"; }
seed text          '\x00\x04\x81\x05Hello\x88\x02\x03\xe8'
seed masked        '\x00\x05\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58'
seed masked-ping   '\x00\x05\x89\x82\x01\x02\x03\x04\x62\x63\x88\x80\x01\x02\x03\x04'
seed fragments     '\x00\x04\x01\x02\xc3\xa9\x89\x01x\x00\x02\xf0\x9d\x80\x02\x84\x9e'
seed compressed    '\x00\x06\x41\x01a\x80\x01b'
seed length16      '\x00\x00\x82\x7e\x00\x80abc'
seed length64      '\x00\x00\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00abc'
seed machine       '\x80\x04\x85\x81\x01a\x89\x00\x00\x84\x88\x02\x03\xe8\x40'
seed key           '\xc0\x00dGhlIHNhbXBsZSBub25jZQ=='
seed extensions    '\xc0\x20permessage-deflate; client_max_window_bits, x; y="1\\2"'
seed fields        '\xc0\x1fwebsocket\nkeep-alive, Upgrade\n13\ndGhlIHNhbXBsZSBub25jZQ==\nchat, superchat'
seed host          '\xc0\x80example.com:8080\n[::1]'

# Compressed messages: what section 7.2.3 of RFC 7692 shows, several on one connection; each is behind its length, 128 more
# for text, 127 for all the rest.
seed inflate       '\x40\x0f\x87\xf2\x48\xcd\xc9\xc9\x07\x00\x85\xf2\x00\x11\x00\x00\x01\x00\x01\x01'
seed inflate-alone '\x40\x8f\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x87\xf2\x48\xcd\xc9\xc9\x07\x00'
seed stored        '\x40\x0f\x8b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00\x85\xf2\x00\x11\x00\x00'
seed last-block    '\x40\x0f\x88\xf3\x48\xcd\xc9\xc9\x07\x00\x00\x85\xf2\x00\x11\x00\x00'
seed two-blocks    '\x40\x0f\x8d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00\x05\xf2\x00\x11\x00\x00'
seed dynamic       '\x40\x09\x54\x1c\x4d\xc9\x0d\x00\x41\x08\xfa\x53\x05\xad\x71\xd8\x7f\x0b\xcb\x6c\x62\x0c\x72\xa9\xe2\x4e\x56\x2e\xa1\x4f\x8a\x60\x77\x1c\x63\x9e\x3a\x4d\xc3\x32\xdf\x44\xf3\xed\x10\x07\x2c\x23\x9c\x4a\x8c\x30\x97\x08\x66\x73\x83\xb8\x98\x9b\xe7\x17\x0c\x8f\xdc\x93\xf5\x9c\xb2\x07\x79\x55\x26\xda\x4e\x1f\xfe\xf9\x51\x31\xba\xc5\x74\xb1\x03\x3e\x00'
seed utf8          '\x40\x0f\x8f\xca\x38\xbc\x52\xe1\x51\xd3\x1a\x85\x0f\xf3\x67\x34\x00\x00\x85\xf2\x00\x11\x00\x00'
# A bomb, 4000 bytes where 300 are allowed; and one of 90,000, which are allowed, of 104: with three limits of the ratio.
seed bomb          '\x40\x0f\x16\xec\xc1\x31\x01\x00\x00\x00\xc2\xa0\xac\xeb\x5f\xc2\x18\x3e\x40\x01\x00\x00\x00\x6f\x03'
zeroes=$(printf '\\x00%.0s' {1..86})
for ratio in 1f 3f 5f 7f; do
    seed bomb-$ratio "\\x40\\x$ratio\\x68\\xec\\xc1\\x01\\x0d\\x00\\x00\\x00\\xc2\\xa0\\xf7\\x4f\\x6d\\x0f\\x07\\x14${zeroes}\\xc0\\xa7\\x01"
done
# A last block that ends within the tail.
seed bad-end-1     '\x40\x0f\x0e\x05\xe0\x01\x09\x00\x00\x00\x80\x20\x6c\xf5\xff\x09\x05\x05\xf2\x00\x11\x00\x00'
seed bad-end-2     '\x40\x2f\x15\x05\xe0\x01\x92\x24\x49\x92\x24\x49\xbc\x15\x81\x58\xd4\x3c\xb2\xfa\xa1\xf3\xac\x41\x05\xf2\x00\x11\x00\x00'
# To be compressed: pieces, each behind a byte that says whether it is the last (128), flushed (64), and repeated (32).
seed round-trip    '\x60\x00\x45Hello\xc6 world\x85Hello\xc0\x80'
seed round-trip-6  '\x69\x9c\x2aabcdefghij\xe6 world\x85Hello\xbfarbitrary bytes of some length.'
seed round-trip-9  '\x60\x09\x3fabcabdabeabfabgabhabiabjabkabl.\x9fabcabdabeabfabgabhabiabjabkabl.'
# Offers and answers, behind a byte of settings.
seed offers        '\x70\x00\x00permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate'
seed answers       '\x75\x35\x42permessage-deflate; server_no_context_takeover; client_no_context_takeover\nfoo'
seed bits          '\x7f\xff\x00permessage-deflate; server_max_window_bits="8"; client_max_window_bits=9'

status=0
# Swift's own backtracer hangs under the address sanitizer.
SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 "$build/core-fuzzer" -seed=1 -max_total_time="$seconds" \
    -max_len=512 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$findings/" "$corpus" >"$log" 2>&1 || status=$?
if [ "$status" -ne 0 ]; then
    grep -v -E '^#[0-9]+' "$log" | tail -n 60
    echo "fuzzing: a finding in $findings (exit $status)"
    exit 1
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
cover=$(sed -n 's/^#[0-9]*.*DONE *cov: \([0-9]*\).*/\1/p' "$log")
if [ -z "$cover" ]; then
    echo "fuzzing: built without coverage counters, so the inputs were blind"
    exit 1
fi
echo "fuzzing: $runs inputs in $seconds seconds, $cover places reached, nothing found"
