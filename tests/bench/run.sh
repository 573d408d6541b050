#!/bin/bash
# Runs all benchmarks and ends with one table of what is measured and what is asked for. With --quick only a smoke test:
# small loads, failing when something is broken and not when it is slow.
#
#   [BUILD=build-bench] tests/bench/run.sh [--quick]
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${BUILD:-build-bench}
quick=
[ "${1-}" = --quick ] && quick=yes
mentions=200000
[ -z "$quick" ] || mentions=5000

[ -f "$build/build.ninja" ] || meson setup "$build" -Dbench=true -Dtests=false >/dev/null || exit 1
meson configure "$build" -Dbench=true >/dev/null || exit 1
ninja -C "$build" >"$build/ninja.log" || { tail -n 20 "$build/ninja.log"; exit 1; }

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
status=0

run() { # NAME COMMAND...
    local name=$1
    shift
    echo
    echo "== $name"
    "$@" 2>&1 | tee "$out/$name"
    [ "${PIPESTATUS[0]}" -eq 0 ] || { echo "FAILED: $name"; status=1; }
}

figure() { # NAME PATTERN: the first number behind the pattern in that output
    sed -nE "s/.*$2 *([0-9.]+).*/\1/p" "$out/$1" 2>/dev/null | head -n 1
}

row() { # WHAT FIGURE ASKED
    printf '%-52s %12s   %s\n' "$1" "${2:--}" "$3"
}

run line "$build/tests/bench/bench_line" ${quick:+--quick}
run parse "$build/tests/bench/bench_parse" ${quick:+--quick}
[ -n "$quick" ] || run rules "$build/tests/bench/bench_rules"
[ -n "$quick" ] || run outage "$build/tests/bench/bench_outage"
run idle python3 tests/bench/bench_idle.py --build "$build" ${quick:+--limit-mb 100}
run sources python3 tests/bench/bench_sources.py --build "$build" ${quick:+--sources 200 --hosts 20 --interval 10 --rounds 2}
run queue python3 tests/bench/bench_queue.py --mentions "$mentions"
[ -n "$quick" ] || run claims python3 tests/bench/bench_claims.py --load "$build/tests/bench/claim_load"

echo
row "what" "measured" "asked for"
row "whole line, mentions/s of client CPU" "$(figure line 'client CPU:')" "thousands"
row "whole line, us of CPU a mention" "$(figure line 'by the poller ')" ""
row "of it matching the rules, us" "$(figure line 'match and score ')" ""
row "drivers, % added to jansson's time on average" "$(figure parse "own time:")" "at most 50 each"
[ -n "$quick" ] || row "10,000 rules, times the speed of a PCRE2 loop" "$(figure rules '10000 rules:.*hit\)')" "at least 1000"
[ -n "$quick" ] || row "outage detector, mentions/s of a core" "$(figure outage 'mix ')" "at least 200000"
row "idle resident memory, MB" "$(figure idle 'resident set:')" "at most 14"
row "many sources, p99 of lateness, ms" "$(figure sources 'p99')" "under 1000"
row "ingest, us of Redis CPU a mention" "$(figure queue 'mention_ingest ')" "at most 20"
row "a waiting mention over its JSON, bytes of Redis" "$(figure queue 'JSON [0-9]+ \+')" "at most 550"
[ -n "$quick" ] || sed -n 's/^   /claims: /p' "$out/claims"
exit $status
