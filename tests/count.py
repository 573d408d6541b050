#!/usr/bin/env python3
"""Prints "PASSED FAILED SKIPPED" of a report: count.py meson testlog.json | count.py junit report.xml

Fails when the report is missing or holds no test at all."""
import json
import re
import sys
import xml.etree.ElementTree


def count_program(run):
    """The cmocka tests of one program; a program that dies between two tests is a failure more."""
    output = run.get('stdout', '') + run.get('stderr', '')
    passed = sum(map(int, re.findall(r'\[  PASSED  \] (\d+) test', output)))
    failed = sum(map(int, re.findall(r'\[  FAILED  \] (\d+) test', output)))
    skipped = sum(map(int, re.findall(r'\[  SKIPPED \] (\d+) test', output)))
    if run['result'] not in ('OK', 'EXPECTEDFAIL', 'SKIP') and not failed:
        failed = 1
    if run['result'] == 'OK' and not passed and not skipped:
        passed = 1
    return passed, failed, skipped


def count_meson(path):
    with open(path, encoding='utf-8') as file:
        return [count_program(json.loads(line)) for line in file if line.strip()]


def count_junit(path):
    counts = []
    for suite in xml.etree.ElementTree.parse(path).getroot().iter('testsuite'):
        total, bad, skipped = (int(suite.get(key, 0)) for key in ('tests', 'failures', 'skipped'))
        bad += int(suite.get('errors', 0))
        counts.append((total - bad - skipped, bad, skipped))
    return counts


if __name__ == '__main__':
    rows = {'meson': count_meson, 'junit': count_junit}[sys.argv[1]](sys.argv[2])
    sums = [sum(column) for column in zip(*rows)]
    if not sums or not any(sums):
        sys.exit('no test in ' + sys.argv[2])
    print(*sums)
