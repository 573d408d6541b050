#!/bin/bash
# Prints how right the shipped rule packs are on labelled posts, beside the targets: one table, one command.
#
#   tests/accuracy.sh
#   MENTIOND_BUILD=build-asan MENTIOND_CORPORA=../held-out tests/accuracy.sh
#
# The labelled posts are no part of this repository (their licences forbid it). Without them it says so and
# succeeds. What the measures mean: tests/accuracy.py.
set -eu
cd "$(dirname "$0")/.."

export MENTIOND_CORPORA=${MENTIOND_CORPORA:-$PWD/../shared/corpora}
if [ ! -f "$MENTIOND_CORPORA/support.jsonl" ]; then
    echo "accuracy: skipped: no labelled posts in $MENTIOND_CORPORA"
    exit 0
fi

program=
for build in ${MENTIOND_BUILD:-build build-*}; do
    if [ -x "$build/daemon/ctl/mentionctl" ]; then
        program=$build/daemon/ctl/mentionctl
        break
    fi
done
if [ -z "$program" ]; then
    echo "accuracy: no mentionctl in ${MENTIOND_BUILD:-build}: build it first (tests/run.sh does)" >&2
    exit 1
fi
exec python3 tests/accuracy.py "$program"
