#!/usr/bin/env bash
# Fuzzes WebSocketCore: arbitrary bytes in arbitrary pieces, both roles; see CoreFuzzer/.
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
swiftc -use-ld=lld -sanitize=fuzzer,address "$build/release/libCoreFuzzer.a" -o "$build/core-fuzzer"

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

status=0
ASAN_OPTIONS=detect_leaks=0 "$build/core-fuzzer" -seed=1 -max_total_time="$seconds" -max_len=512 -timeout=10 \
    -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$findings/" "$corpus" >"$log" 2>&1 || status=$?
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
