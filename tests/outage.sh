#!/bin/sh
# The outage benchmark: simulator, our rules and detector, scorer, and a table against the targets.
#
#   tests/outage.sh [--sim DIR] [--profile P] [--seed S]... [--spike] [--rules PATH]... [--keep DIR]
#                   [--mentionctl FILE]
#
# DIR holds simulate.py, texts.py and score.py (../shared/outage); without it there is nothing to do.
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/shared/outage_bench.py" "$@"
