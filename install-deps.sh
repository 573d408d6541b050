#!/bin/sh
# Installs the Debian packages that mentiond needs to be built and run; with --tests also what its tests need, with
# --ci what .ci/run needs besides. Does nothing, and asks for nothing, where all of it is there.
set -eu

build='gcc libc6-dev meson ninja-build pkg-config python3 ca-certificates
       libevent-dev libcurl4-openssl-dev libjansson-dev libpcre2-dev libhiredis-dev libyaml-dev libexpat1-dev
       libutf8proc-dev libssl-dev zlib1g-dev redis-server'
tests='libcmocka-dev python3-pytest python3-pytest-xdist python3-redis python3-aiosmtpd openssl redis-tools man-db'
ci='clang libclang-rt-14-dev llvm-14 clang-tidy cppcheck valgrind universal-ctags
    prometheus-alertmanager apprise'

wanted=$build
case "${1-}" in
'') ;;
--tests) wanted="$build $tests" ;;
--ci) wanted="$build $tests $ci" ;;
*)
    echo "usage: ${0##*/} [--tests | --ci]" >&2
    exit 2
    ;;
esac

missing=
for package in $wanted; do
    case "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" in
    installed) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "${0##*/}: these packages are missing, and neither root nor sudo is here to install them:" >&2
        echo "   $missing" >&2
        exit 1
    fi
    as_root=sudo
fi

echo "Installing:$missing"
# shellcheck disable=SC2086 # lists of words
if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; then
    # the package lists of a fresh machine are empty or old
    $as_root apt-get update -q
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
fi
