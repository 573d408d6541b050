#!/bin/sh
# From a fresh clone to a running mentiond with something to claim: installs, builds, starts it with the shipped
# config.yaml on a private Redis. Ctrl-C stops it; starting it again goes on where it was.
set -eu
cd "$(dirname "$0")"

./install-deps.sh
[ -f build/build.ninja ] || meson setup build -Dtests=false >/dev/null
ninja -C build -v >build/build.log 2>&1 || {
    tail -n 30 build/build.log >&2
    echo "The build failed; all of its output is in build/build.log." >&2
    exit 1
}

config=${MENTIOND_CONFIG:-config.yaml}
ctl="build/daemon/ctl/mentionctl --config $config"
build/daemon/mentiond --config "$config" &
daemon=$!
trap 'kill -TERM $daemon 2>/dev/null; wait $daemon; exit' INT TERM

# Until the demo posts wait in the queue.
tries=0
until $ctl queue >/dev/null 2>&1 && $ctl queue --json | grep -q '"waiting": *[1-9]'; do
    tries=$((tries + 1))
    if ! kill -0 $daemon 2>/dev/null; then
        wait $daemon
        exit $?
    fi
    [ $tries -lt 100 ] || break
    sleep 0.2
done

cat <<HINTS

mentiond is running; this terminal shows its log, Ctrl-C stops it. In another terminal:

    cd $PWD && export PATH="\$PWD/build/daemon/ctl:\$PATH"

    mentionctl queue                       what waits, and how urgent it is
    mentionctl claim                       the most urgent mention, now yours
    mentionctl resolve --outcome fixed     and it is done
    mentionctl outages                     what is down, and for how many people
    mentionctl rules explain "your app is down again"
    mentionctl --help

HINTS
$ctl queue || true
wait $daemon
