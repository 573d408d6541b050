"""Alerts through the real daemon: from an event in a brand's stream to a receiver, and never lost on the way.

The queue's clock is the tests' (a brand marked as one for tests), the daemon's is frozen at what a test gives it: so half
an hour passes between two lives of a daemon, and never by waiting.
"""
import json

import pytest

from lib.receivers import Receiver
from lib.waiting import ROOT, wait_for

T0 = 1_900_000_000_000 // 60_000 * 60_000
MINUTE = 60_000
KEY = "mentiond:{acme}"
LIBRARY = sorted((ROOT / "daemon/store/queue").glob("[0-9]*.lua"))
LEASE = "1:test"


class World:
    """A brand that the test ingests for and opens outages of, and daemons that tell of it."""

    def __init__(self, site):
        self.site = site
        self.seq = self.n = 0
        self.committed = "0-0"
        self.receivers = {}

    def receiver(self, name, kind="webhook", rates=(), **more):
        receiver = Receiver(kind, rates=rates, **({"tolerance": None} if kind == "webhook" else {}))
        self.site.add(receiver)
        self.site.env.update(receiver.environment)
        self.receivers[name] = receiver.channel(**more)
        return receiver

    def begin(self, *routes, silences=(), channels=None, **top):
        alerts = {"channels": {**self.receivers, **(channels or {})}, "silences": list(silences), **top,
                  "routes": [{"group_wait": "0s", **route} for route in routes]}
        (self.site.folder / "posts.jsonl").write_text("")
        self.site.configure([{"name": "posts", "type": "file", "path": "posts.jsonl", "interval": "1s"}],
                            brand={"outages": "off"}, alerts=alerts)
        self.site.redis.call("FUNCTION", "LOAD", "REPLACE", "".join(part.read_text() for part in LIBRARY))
        self.site.fcall("brand_configure", generation=0, test=True, test_now=T0)
        self.site.fcall("source_open", source="test", lease=LEASE)
        self.site.fcall("outage_open", lease=LEASE)
        return self

    def start(self, now=T0):
        daemon = self.site.listen(env={"MENTIOND_TEST_NOW": str(now)})
        daemon.wait_log("alerts are told from here", 20) if daemon.log_lines("debug") else None
        return daemon

    def kill(self, daemon):
        daemon.kill()
        self.site.release_leases()

    def ingest(self, count=1, at=T0, **more):
        """Mentions in one batch; their ids."""
        ids = []
        for _ in range(count):
            self.n += 1
            ids.append(f"net:{self.n}")
        posts = [{"id": i, "network": "net", "lang": "en", "class": "outage", "created_at": at, "author": "a" + i,
                  "followers": 50, "age_days": 900, **more} for i in ids]
        bodies = [json.dumps({"id": i, "text": f"text of {i}", "url": f"https://net.example/{i[4:]}", "network": "net",
                              "author": {"handle": f"jo{i[4:]}", "followers": 50}, "score": 3,
                              **({"backfill": True} if more.get("backfill") else {})}) for i in ids]
        self.seq += 1
        header = {"source": "test", "lease": LEASE, "seq": self.seq, "cursor": "{}", "fetched_at": at, "no_horizon": 1,
                  "m": posts, "test_now": at}
        self.site.redis.call("FCALL", "mention_ingest", "2", KEY, KEY + ":-", json.dumps(header), *bodies)
        return ids

    def outage(self, kind, n, people, at=T0, outage="o1", **more):
        """What the detector would commit."""
        change = {"outage": outage, "kind": kind, "n": n, "at": at, "topic": "login", "places": ["north"], "since": T0,
                  "people": people, "reports": people, "members": [], **more}
        to = f"{at}-{self.seq * 1000 + n}"
        commit = {"lease": LEASE, "from": self.committed, "to": to, "changes": [change], "test_now": at}
        self.site.redis.call("FCALL", "outage_commit", "2", KEY, KEY + ":-", json.dumps(commit))
        self.committed = to

    def state(self):
        raw = self.site.redis.call("GET", KEY + ":alerts:state")
        return json.loads(raw) if raw else {"channels": {}}

    def letters(self, channel):
        return [x for x in self.state()["channels"].get(channel, {}).get("letters", []) if x["since"]]

    def wait_letters(self, channel, condition, what):
        wait_for(lambda: condition(self.letters(channel)), 30, lambda: f"{what}; there are {self.letters(channel)}")


@pytest.fixture
def world(redis_site):
    return World(redis_site)


def bodies(receiver):
    return [m.body for m in receiver.messages]


def test_a_mention_reaches_the_channel_with_its_words(world):
    hook = world.receiver("hook")
    world.begin({"match": {"event": ["mention.queued"], "class": ["outage"]}, "channels": ["hook"]}).start()
    world.ingest(backfill=1)
    ids = world.ingest()
    hook.wait(1)
    world.wait_letters("hook", lambda letters: not letters, "nothing waits")
    (told,) = hook.texts
    assert ids[0] in told and "text of net:2" in told and "https://net.example/2" in told and "jo2" in told
    hook.check()
