"""The shipped packs on labelled posts, where those are at hand (../shared/corpora; skipped elsewhere).

The floors are below what tests/accuracy.sh measures, so that a change that breaks a class is seen and one that
moves a handful of posts is not."""

import glob
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import accuracy  # noqa: E402  (beside this folder)

BUILD = os.environ.get("MENTIOND_BUILD", os.path.join(accuracy.ROOT, "build*"))
PROGRAMS = sorted(glob.glob(os.path.join(BUILD, "daemon", "ctl", "mentionctl")))

FLOORS = [
    # file, {class: F1}, macro-F1
    ("support", {"outage": 0.75, "complaint": 0.70, "praise": 0.60}, 0.67),
    ("airline", {"complaint": 0.78}, 0.64),
    ("complaints", {"complaint": 0.64}, 0.72),
    ("sent140", {}, 0.66),
    ("brands", {}, 0.45),
    ("umsab_en", {}, 0.51),
    ("germeval17_de", {"complaint": 0.50}, 0.50),
    ("umsab_de", {}, 0.48),
    ("umsab_es", {}, 0.54),
    ("umsab_fr", {}, 0.48),
    ("umsab_pt", {}, 0.55),
    ("umsab_it", {}, 0.53),
]

have_posts = pytest.mark.skipif(not os.path.isdir(accuracy.CORPORA), reason="no ../shared/corpora")
have_program = pytest.mark.skipif(not PROGRAMS, reason="no mentionctl built")


@have_posts
@have_program
@pytest.mark.parametrize("name,floors,macro_floor", FLOORS, ids=[f[0] for f in FLOORS])
def test_verdicts_are_right_often_enough(name, floors, macro_floor):
    figures = accuracy.score(accuracy.read_rows(name), accuracy.classify(PROGRAMS[0], name), accuracy.MERGED[name])
    for label, floor in floors.items():
        assert figures[label]["f1"] >= floor, (label, figures)
    assert figures["macro"] >= macro_floor, figures


@have_posts
@have_program
def test_praise_for_a_complaint_is_rare():
    assert accuracy.measure(PROGRAMS[0])["praised"] <= 0.17


def test_the_table_says_so_without_posts(tmp_path):
    done = subprocess.run([os.path.join(accuracy.ROOT, "tests", "accuracy.sh")], capture_output=True, text=True,
                          env=dict(os.environ, MENTIOND_CORPORA=str(tmp_path)), check=True)
    assert "skipped" in done.stdout
