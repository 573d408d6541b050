#!/bin/bash
# Installs what the tests need, builds, and runs all of them: unit tests, the rules' own tests, and the
# end-to-end tests against the real programs and a real redis-server. Ends with "N passed, N failed".
#
#   BUILD=build-asan MESON_OPTIONS="-Db_sanitize=address,undefined" tests/run.sh
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/tally.sh

build=${BUILD:-build}
./install-deps.sh --tests || exit 1
# shellcheck disable=SC2086 # a list of options
if [ -f "$build/build.ninja" ]; then
    meson configure "$build" -Dtests=true ${MESON_OPTIONS:-} || exit 1
else
    meson setup "$build" -Dtests=true ${MESON_OPTIONS:-} || exit 1
fi
ninja -C "$build" || exit 1

export MENTIOND_BUILD=$PWD/$build
tally_meson "$build"
tally_check "rules: the tests inside the packs" "$build/daemon/mentiond" --check --config config.yaml
tally_pytest "$build" tests/e2e
tally_pytest "$build" tests/shared
tally_end
