"""Random lives of outages: after each step every mention is in exactly one place and all counts agree."""
import random

import pytest

from brand import HOUR, MINUTE, entry
from lib.resp import RedisError
from outages import Outages

AGENTS = ["alice", "bob", "lea"]
REFUSALS = ("HELD", "NOTOWNER", "BADSTATE", "TOOMANY", "NOSUCH")


class Life:
    def __init__(self, client, seed):
        self.random = random.Random(seed)
        self.brand = Outages(client, max_claims=30)
        self.names, self.outages, self.n, self.source_seq = [], [], {}, 0

    def attempt(self, run):
        try:
            return run()
        except RedisError as e:
            assert e.text.startswith(REFUSALS), e.text

    def some(self, most=12):
        return self.random.sample(self.names, min(len(self.names), self.random.randint(0, most)))

    def who(self):
        return self.random.choice(AGENTS)

    def one(self):
        return "net:" + self.random.choice(self.names)

    def hear(self):
        new = [f"m{len(self.names) + i}" for i in range(self.random.randint(1, 15))]
        entries = []
        for name in new:
            fields = {"class": self.random.choice(["outage", "outage", "complaint", "none"]),
                      "created_at": self.brand.now - self.random.randint(0, 5 * MINUTE),
                      "lang": self.random.choice(["en", "de", "fr"])}
            if self.names and self.random.random() < 0.3:
                fields["in_reply_to"] = self.random.choice(self.names)
            if self.names and self.random.random() < 0.05:
                fields["repost_of"] = self.random.choice(self.names)
            if self.random.random() < 0.03:
                fields["own"] = 1
            entries.append(entry(name, **fields))
        self.brand.ingest(*entries)
        self.names += new

    def commit(self):
        if not self.outages or self.random.random() < 0.25:
            self.outages.append(f"o{len(self.outages)}")
        name = self.random.choice([o for o in self.outages if o not in self.n] or self.outages)
        self.n[name] = self.n.get(name, 0) + 1
        kind = self.random.choice(["grew", "updated", "updated", "over"]) if self.n[name] > 1 else "opened"
        self.brand.commit(self.brand.change(self.n[name], kind, self.some(), outage=name))

    def outage_act(self):
        if not self.outages:
            return
        verb, given = self.random.choice([
            ("ack", {"note": "n"}), ("resolve", {"outcome": "fixed"}), ("reject", {"why": "joke"}),
            ("confirm", {"at": self.brand.now})])
        name = self.random.choice(self.outages)
        self.attempt(lambda: self.brand.do(verb, self.who(), outage=name, **given))

    def claim(self):
        given = self.random.choice([{}, {}, {"id": self.one()}, {"classes": ["outage"]}] + [
            {"outage": o} for o in self.outages[-1:]])
        self.attempt(lambda: self.brand.claim(self.who(), **given))

    def act(self):
        verb, given = self.random.choice([
            ("release", {"id": self.one()}), ("release", {"all": True}), ("resolve", {"outcome": "fixed"}),
            ("dismiss", {}), ("escalate", {}), ("assign", {"to": self.who()}), ("snooze", {"for": HOUR}),
            ("reclassify", {"class": self.random.choice(["praise", "none", "outage"])}), ("reopen", {})])
        if "all" not in given:
            given["id"] = self.one()
        self.attempt(lambda: self.brand.act(verb, self.who(), **given))

    def time(self):
        self.brand.now += self.random.choice([MINUTE, 10 * MINUTE, HOUR])
        self.brand.tick(limit=self.random.randint(1, 100))

    def step(self):
        steps = [self.hear, self.commit, self.commit, self.outage_act, self.claim, self.claim, self.act, self.time]
        self.random.choice(steps if self.names else [self.hear])()


def members(brand, key):
    return [x.decode() for x in brand.client.call("ZRANGE", key, 0, -1)]


def check(life):
    brand = life.brand
    keys = [k.decode() for k in brand.client.call("KEYS", brand.key.replace("{", "?") + ":*")]
    def under(kind):
        return [k for k in keys if k.startswith(f"{brand.key}:{kind}:")]
    places = {}
    for key in under("q"):
        for id_ in members(brand, key):
            places.setdefault(id_, []).append("lane")
    for key in under("own"):
        for member in members(brand, key):
            places.setdefault(member.split("|", 1)[1], []).append("own")
    pooled = 0
    for name in life.outages:
        waiting = members(brand, f"{brand.key}:outage:{name}:waiting")
        pooled += len(waiting)
        for member in waiting:
            id_ = member.split("|", 1)[1]
            places.setdefault(id_, []).append("pool")
            assert brand.client.call("HGET", f"{brand.key}:s:{id_}", "pool") == name.encode()
    for name in life.names:
        got = brand.get(name)
        here = places.pop(f"net:{name}", [])
        assert len(here) == (got["state"] == "queued"), (name, got["state"], here)
    assert not places
    counts = brand.stats()["counts"]
    assert counts.get("now_pooled", 0) == pooled
    check_items(life)
    return pooled


def check_items(life):
    """An outage is an item as long as something waits in it and nobody holds it."""
    brand = life.brand
    items = set(members(brand, brand.key + ":outages:queue"))
    for name in life.outages:
        first = brand.client.call("ZRANGE", f"{brand.key}:outage:{name}:waiting", 0, 0, "WITHSCORES")
        o = brand.outage(name)
        closed = "resolved" in o or "rejected" in o or brand.client.call(
            "HGET", f"{brand.key}:outage:{name}", "returned")
        held = brand.client.call("HGET", f"{brand.key}:c:outage|{name}", "owner")
        if closed or held and held != b"":
            assert name not in items or not closed
        else:
            assert (name in items) == bool(first), (name, o)
        if name in items:
            assert brand.client.call("ZSCORE", brand.key + ":outages:queue", name) == first[1]


@pytest.mark.parametrize("seed", range(4))
def test_every_mention_is_in_one_place(client, seed):
    life = Life(client, seed)
    most = 0
    for step in range(250):
        life.step()
        if step % 5 == 0:
            most = max(most, check(life))
    assert most > 10  # else it has shown nothing
    life.brand.wait(80 * HOUR)
    check(life)
