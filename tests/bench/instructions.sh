#!/bin/bash
# Counts the instructions of fixed work of the rule engine and holds them against instructions.txt: within 10 %.
# Skipped (0) where valgrind is absent or the compiler is not the one that the figures are of.
#
#   [BUILD=build-bench] tests/bench/instructions.sh [--record]
set -u
cd "$(dirname "$0")/../.." || exit 1

program=${BUILD:-build-bench}/tests/bench/bench_rules
recorded=tests/bench/instructions.txt
compiler=$(${CC:-cc} --version | head -n 1)

command -v valgrind >/dev/null || { echo "instructions: skipped, no valgrind"; exit 0; }
[ -x "$program" ] || { echo "instructions: $program is not built (-Dbench=true)"; exit 1; }
if [ "${1-}" != --record ] && [ "$(sed -n 's/^compiler //p' $recorded)" != "$compiler" ]; then
    echo "instructions: skipped, recorded with another compiler than $compiler"
    exit 0
fi

count() { # WORK: instructions of the program
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" --work "$1" 2>&1 |
        sed -nE 's/.*Collected : ([0-9]+).*/\1/p'
}

nothing=$(count nothing)
find=$(($(count find) - nothing))
load=$(($(count load) - nothing))
normalise=$(($(count normalise) - nothing))

if [ "${1-}" = --record ]; then
    printf 'compiler %s\nfind %s\nload %s\nnormalise %s\n' "$compiler" $find $load $normalise >$recorded
    cat $recorded
    exit 0
fi
status=0
for work in find load normalise; do
    was=$(sed -n "s/^$work //p" $recorded)
    is=${!work}
    share=$((is * 100 / was))
    printf '%-10s %12d instructions, %3d %% of the %d recorded\n' $work "$is" $share "$was"
    [ $share -ge 90 ] && [ $share -le 110 ] || status=1
done
[ $status -eq 0 ] || echo "instructions: more than 10 % off; if that is meant: $0 --record"
exit $status
