"""The shipped English packs on labelled posts, where those are at hand (../shared/corpora; skipped elsewhere).

The floors are below what is measured, so that a change that breaks a class is seen and one that moves a
handful of posts is not."""

import collections
import glob
import json
import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORPORA = os.path.join(os.path.dirname(ROOT), "shared", "corpora")
BUILD = os.environ.get("MENTIOND_BUILD", os.path.join(ROOT, "build*"))
PROGRAMS = sorted(glob.glob(os.path.join(BUILD, "daemon", "ctl", "mentionctl")))

OUTAGE_IS_COMPLAINT = {"outage": "complaint"}
BINARY = {"outage": "complaint", "praise": "none"}

FLOORS = [
    # file, labels merged, {class: F1}, macro-F1
    ("support.jsonl", {}, {"outage": 0.75, "complaint": 0.70, "praise": 0.57}, 0.66),
    ("airline.jsonl", OUTAGE_IS_COMPLAINT, {"complaint": 0.78}, 0.64),
    ("complaints.jsonl", BINARY, {"complaint": 0.64}, 0.72),
    ("sent140.jsonl", OUTAGE_IS_COMPLAINT, {}, 0.61),
    ("brands.jsonl", OUTAGE_IS_COMPLAINT, {}, 0.44),
]


def read_rows(path):
    with open(path, encoding="utf-8") as rows:
        return [row for row in map(json.loads, rows) if row.get("label")]


def classify(path):
    with open(path, "rb") as rows:
        done = subprocess.run(
            [PROGRAMS[0], "rules", "classify", "--rules", os.path.join(ROOT, "rules", "en")],
            stdin=rows, stdout=subprocess.PIPE, timeout=300, check=True)
    return {v["id"]: v["label"] for v in map(json.loads, done.stdout.splitlines())}


def f1_by_class(gold, predicted):
    pairs = collections.Counter(zip(gold, predicted))
    result = {}
    for label in set(gold):
        hit = pairs[label, label]
        claimed = sum(n for (_, p), n in pairs.items() if p == label)
        real = sum(n for (g, _), n in pairs.items() if g == label)
        result[label] = 2 * hit / (claimed + real) if hit else 0.0
    return result


@pytest.mark.skipif(not os.path.isdir(CORPORA), reason="no ../shared/corpora")
@pytest.mark.skipif(not PROGRAMS, reason="no mentionctl built")
@pytest.mark.parametrize("name,merge,floors,macro_floor", FLOORS, ids=[f[0] for f in FLOORS])
def test_verdicts_are_right_often_enough(name, merge, floors, macro_floor):
    path = os.path.join(CORPORA, name)
    verdicts = classify(path)
    rows = read_rows(path)
    gold = [merge.get(row["label"], row["label"]) for row in rows]
    labels = [verdicts[row["id"]] for row in rows]
    f1 = f1_by_class(gold, [merge.get(label, label) for label in labels])
    print(name, {k: round(v, 3) for k, v in f1.items()})
    for label, floor in floors.items():
        assert f1[label] >= floor, (label, f1)
    assert sum(f1.values()) / len(f1) >= macro_floor, f1
