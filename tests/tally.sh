# Counting, for tests/run.sh and .ci/run: each helper runs something, shows its output and adds what it counted.
# shellcheck shell=bash

passed=0
failed=0
skipped=0

tally_add() { # PASSED FAILED SKIPPED
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
}

# One command is one check.
tally_check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@"; then
        echo "ok: $name"
        tally_add 1 0 0
    else
        echo "FAILED: $name"
        tally_add 0 1 0
    fi
}

# Every cmocka test of every test program of a build.
tally_meson() { # BUILD
    local log=$1/meson-logs/testlog.json counts
    rm -f "$log"
    meson test -C "$1" --print-errorlogs --num-processes 2 >"$1/meson-logs/run.txt" 2>&1
    tail -n 40 "$1/meson-logs/run.txt"
    if ! counts=$(python3 tests/count.py meson "$log"); then
        echo "FAILED: no unit test ran"
        counts="0 1 0"
    fi
    # shellcheck disable=SC2086
    tally_add $counts
}

# A file's tests stay in one process, several files run at once: they mostly wait for timers of the programs.
tally_pytest() { # BUILD FOLDER
    local report=$1/pytest-${2//\//-}.xml counts
    [ -d "$2" ] || return 0
    rm -f "$report"
    /usr/bin/python3 -m pytest -q -rs --durations=5 -p no:cacheprovider -n "${TEST_WORKERS:-4}" --dist loadfile \
        --junitxml="$report" "$2"
    if ! counts=$(python3 tests/count.py junit "$report"); then
        echo "FAILED: $2 did not run"
        counts="0 1 0"
    fi
    # shellcheck disable=SC2086
    tally_add $counts
}

# The closing line and the exit status. With TALLY_FILE the figures are handed on.
tally_end() {
    [ -z "${TALLY_FILE-}" ] || echo "$passed $failed $skipped" >>"$TALLY_FILE"
    echo
    if [ "$skipped" -gt 0 ]; then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
