"""Real input, as far as it is at hand: everything is stored, and the shipped rules find all classes in it."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import real_input  # noqa: E402
from lib.site import Site  # noqa: E402

pytestmark = pytest.mark.skipif(not real_input.is_there(), reason="../shared is not here: no real input to read")


@pytest.fixture
def site():
    one = Site()
    yield one
    one.close()


def test_6429_real_posts_through_a_file_source(site):
    mentions, daemon = real_input.run_corpus(site)
    counts = real_input.count(mentions)
    print(counts)
    n_lines = sum(1 for line in real_input.CORPUS.open() if line.strip())
    assert len(mentions) == n_lines == 6429
    assert not daemon.complaints()
    assert all(counts[c] > 20 for c in real_input.CLASSES)
    assert sorted(site.waiting()) == sorted(mentions), "each waits once"
    assert len(site.events("mention.heard")) == n_lines
    for m in mentions.values():
        assert m["class"] == "none" or any(h["class"] == m["class"] for h in m["hits"]), m["id"]


def test_recorded_pages_of_three_networks(site):
    mentions, daemon, recorded = real_input.run_recorded(site)
    print(real_input.count(mentions))
    assert set(mentions) == recorded.expected()
    assert not daemon.complaints(r"(failed|refused|not understood)")
    for m in mentions.values():
        assert m["author"]["id"] and m["url"].startswith("http") and m["created_at"] <= m["fetched_at"] + 60_000
