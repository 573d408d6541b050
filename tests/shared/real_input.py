#!/usr/bin/env python3
"""Real input through the real daemon: 6,429 real support posts by a file source, and recorded pages of
Mastodon, Bluesky and Hacker News by a local web server, judged by the shipped rules.

As a script it prints the counts by class, and ten verdicts of each class with their hits:

    MENTIOND_BUILD=build python3 tests/shared/real_input.py [--verdicts N]
"""
import argparse
import collections
import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from lib.site import BRAND, Site  # noqa: E402
from lib.waiting import ROOT  # noqa: E402
from lib.web import Reply, Web  # noqa: E402

SHARED = ROOT.parent / "shared"
CORPUS = SHARED / "corpora" / "unlabelled_support.jsonl"
FIXTURES = SHARED / "fixtures"
CLASSES = ("outage", "complaint", "praise", "none")
BACKFILL_DAYS = 366  # as far back as a source can be told to read


def is_there():
    return CORPUS.exists() and FIXTURES.exists()


def fixture(name):
    return json.loads((FIXTURES / name).read_text())


class Recorded:
    """The recorded answers of three networks on one local server."""

    def __init__(self):
        self.tags = [fixture(f"mastodon/tag_timeline_{n}.json") for n in ("page1", "page2", "page3_last")]
        self.public = fixture("mastodon/public_timeline_anonymous.json")
        self.search = fixture("mastodon/search_all_types.json")
        self.posts = [fixture(f"bluesky/search_{n}.json") for n in ("page1_cursor", "page2_cursor", "page3_last")]
        self.odd = [fixture("bluesky/search_labels_embeds_odd_dates.json")]
        self.hits = [fixture(f"hackernews/{n}.json") for n in ("search_by_date_comments", "search_story_2018",
                                                              "search_pollopt")]
        self.web = Web(self.answer)
        self.close = self.web.close

    def answer(self, request):
        path = request.path
        if path.startswith("/api/v1/timelines/tag/"):
            return Reply(self.timeline(path.rsplit("/", 1)[1], request))
        if path == "/api/v2/search":
            return Reply({"statuses": []} if request.param("max_id") else self.search)
        if path.endswith("createSession"):
            session = fixture("bluesky/create_session.json")
            session.pop("didDoc", None)  # which would lead to the server of the recording
            return Reply(session)
        if path.endswith("searchPosts"):
            return Reply(self.bluesky(request))
        if path.endswith("/search_by_date"):
            number = int(request.param("query")[-1])
            return Reply({**self.hits[number], "nbPages": 1, "nbHits": len(self.hits[number]["hits"])})
        return Reply({"error": "Not Found"}, 404)

    def timeline(self, tag, request):
        pages = self.tags if tag == "tags" else [self.public]
        if request.param("min_id"):
            return []
        if not request.param("max_id"):
            return pages[0]
        after = [p for p in pages if p[0]["id"] < request.param("max_id")]
        return after[0] if after else []

    def bluesky(self, request):
        if request.param("q") == "odd":
            return {"posts": self.odd[0]["posts"]}
        cursors = [None] + [p.get("cursor") for p in self.posts[:-1]]
        return self.posts[cursors.index(request.param("cursor"))]

    def words(self):
        """A word of each hit: Hacker News' search finds more than was asked, so brands have terms."""
        found = set()
        for hit in [h for page in self.hits for h in page["hits"]]:
            text = " ".join(filter(None, (hit.get(k) for k in ("title", "story_text", "comment_text"))))
            found.update(re.findall(r"[A-Za-z0-9]{2,}", text)[:3])
        return sorted(found)

    def expected(self):
        """Network and native part of the ids of all that should be stored."""
        floor = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - (BACKFILL_DAYS - 1) * 86400))
        statuses = [s for page in self.tags for s in page] + self.public + self.search["statuses"]
        ids = {"mastodon:" + s["uri"] for s in statuses if s["created_at"] >= floor or s in self.tags[0]}
        posts = [p for page in self.posts + self.odd for p in page["posts"]]
        ids |= {"bluesky:" + p["uri"] for p in posts if min(p["record"]["createdAt"], p["indexedAt"]) >= floor}
        return ids | {"hackernews:" + h["objectID"] for page in self.hits for h in page["hits"]}

    def sources(self):
        url, back = self.web.url, {"backfill": f"{BACKFILL_DAYS}d"}
        return [
            {"name": "tags", "type": "mastodon", "instance": url, "hashtags": ["tags"], **back},
            {"name": "public", "type": "mastodon", "instance": url, "hashtags": ["public"], **back},
            {"name": "found", "type": "mastodon", "account": "m", "query": "acme", **back},
            {"name": "search", "type": "bluesky", "account": "bsky", "query": "acme", **back},
            {"name": "odd", "type": "bluesky", "account": "bsky", "query": "odd", **back},
            *[{"name": f"hn{n}", "type": "hackernews", "api": url + "/api/v1", "query": f"q{n}", **back}
              for n in range(3)]]

    def accounts(self):
        return {"m": {"type": "mastodon", "instance": self.web.url, "token": "${TOKEN}"},
                "bsky": {"type": "bluesky", "service": self.web.url, "identifier": "a.example",
                         "password": "${TOKEN}"}}


def run(sources, accounts=None, terms=("acme",), site=None):
    """One run with --once and the shipped rules: every mention as stored, by id, and the ended daemon."""
    (site.folder / "rules").symlink_to(ROOT / "rules")
    site.env["TOKEN"] = "token-of-a-test"
    site.start_redis()
    site.configure(sources, accounts=accounts, brand={"rules": ["rules/en"], "terms": list(terms)})
    daemon = site.once(seconds=120)
    assert daemon.status == 0, daemon.lines
    keys = [f"{BRAND}:m:{i}" for i in site.mention_ids()]
    raw = [site.redis.call("MGET", *keys[at:at + 500]) for at in range(0, len(keys), 500)]
    return {m["id"]: m for m in (json.loads(x) for some in raw for x in some)}, daemon


def run_corpus(site):
    return run([{"name": "corpus", "type": "file", "path": str(CORPUS), "network": "corpus"}], site=site)


def run_recorded(site):
    recorded = site.add(Recorded())
    return (*run(recorded.sources(), recorded.accounts(), recorded.words(), site=site), recorded)


def count(mentions):
    counts = collections.Counter(m["class"] for m in mentions.values())
    return {c: counts[c] for c in CLASSES}


def show(mentions, n):
    for name in CLASSES:
        print(f"\n{name}:")
        some = sorted((m for m in mentions.values() if m["class"] == name), key=lambda m: m["id"])
        for m in some[::max(1, len(some) // n)][:n]:
            text = m["text"].encode()
            hits = ", ".join(f"{h['rule']} \"{text[h['start']:h['end']].decode('utf-8', 'replace')}\""
                             for h in m.get("hits", []))
            print(f"  {m['id']}: {' '.join(m['text'].split())[:160]}\n      [{hits}]")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--verdicts", type=int, default=10, help="of each class")
    options = parser.parse_args()
    if not is_there():
        sys.exit(f"no {CORPUS}")
    for title, work in (("real posts", run_corpus), ("recorded pages", run_recorded)):
        site = Site()
        try:
            begun = time.monotonic()
            mentions = work(site)[0]
            took = time.monotonic() - begun
            site.daemons.clear()
        finally:
            site.close()
        print(f"\n{title}: {len(mentions)} in {took:.1f} s: {count(mentions)}")
        show(mentions, options.verdicts)


if __name__ == "__main__":
    main()
