"""A brand to test with: short words for its functions, and a clock that tests turn."""
import itertools
import json

from lib.resp import RedisError

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = 1_900_000_000_000     # where test brands' clocks begin
TARGET = {"outage": 5 * MINUTE, "complaint": 15 * MINUTE, "praise": 4 * HOUR, "none": 4 * HOUR}

numbers = itertools.count(1)


def entry(name, **fields):
    """The header's part of a mention of the network `net`."""
    one = {"id": f"net:{name}", "network": "net", "class": "complaint", "lang": "en",
           "created_at": T0}
    one.update(fields)
    return one


FIELDS = ["id", "network", "class", "created_at", "lang", "author", "followers", "age_days", "place",
          "topics", "signals", "words", "flags", "native", "conversation", "in_reply_to",
          "repost_of"]
FLAGS = {"own": "o", "own_parent": "p", "root_own": "r", "addressed": "a", "backfill": "b"}


def fields(one):
    """A header's entry as the daemon writes it: 17 texts, each ended by a zero byte."""
    def text(value):
        return ",".join(map(str, value)) if isinstance(value, list) else str(value)
    flags = "".join(letter for name, letter in FLAGS.items() if one.get(name))
    return "".join(text({**one, "flags": flags}.get(name, "")) + "\0" for name in FIELDS)


class Brand:
    def __init__(self, client, name=None, start=T0, **settings):
        self.client = client
        self.name = name or f"b{next(numbers)}"
        self.key = f"t:{{{self.name}}}"
        self.now = start
        self.seq = {}
        self.settings = {"generation": 1, "languages": ["en", "de"],
                         "agents": {"lea": "lead"}, **settings}
        self.fcall("brand_configure", {**self.settings, "test": True})

    def raw(self, function, *values, call="FCALL"):
        return self.client.call(call, function, 2, self.key, self.key + ":-", *values)

    def fcall(self, function, given=None, **fields):
        given = {"test_now": self.now, **(given or {}), **fields}
        reply = self.raw(function, json.dumps(given))
        return json.loads(reply) if reply is not None else None

    def refused(self, function, given=None, **fields):
        """The error that a call is refused with."""
        try:
            self.fcall(function, given, **fields)
        except RedisError as e:
            return e.text
        raise AssertionError(f"{function} was not refused")

    # short words -----------------------------------------------------------------------------
    def open(self, source="s", lease="1:aaaa"):
        reply = self.fcall("source_open", source=source, lease=lease)
        self.seq[source] = (reply["seq"], lease)
        return reply

    def header(self, entries, source="s", **more):
        if source not in self.seq:
            self.open(source)
        seq, lease = self.seq[source]
        return {"source": source, "lease": lease, "seq": seq + 1, "cursor": "{}",
                "fetched_at": self.now, "test_now": self.now, "m": entries, **more}

    def ingest(self, *entries, source="s", **more):
        header = self.header(list(entries), source, **more)
        bodies = [json.dumps({"id": e["id"], "text": "it is broken"}) for e in entries]
        reply = json.loads(self.raw("mention_ingest", json.dumps(header), *bodies))
        self.seq[source] = (header["seq"], header["lease"])
        return reply

    def hear(self, *names, **fields):
        fields.setdefault("created_at", self.now)
        return self.ingest(*[entry(n, **fields) for n in names])

    def claim(self, agent="alice", **fields):
        return self.fcall("mention_claim", agent=agent, **fields)

    def claim_id(self, agent="alice", **fields):
        reply = self.claim(agent, **fields)
        return reply and reply["id"][4:]

    def act(self, verb, agent="alice", **fields):
        return self.fcall("mention_" + verb, agent=agent, **fields)

    def get(self, name):
        return self.fcall("mention_get", id=f"net:{name}")

    def state(self, name):
        return self.get(name)["state"]

    def tick(self, **fields):
        return self.fcall("mention_tick", **fields)

    def settle(self):
        """Ticks until nothing more is due."""
        while self.tick()["steps"]:
            pass

    def wait(self, ms):
        self.now += ms
        self.settle()

    def events(self, kind=None):
        out = []
        for _, flat in self.client.call("XRANGE", self.key + ":events", "-", "+"):
            fields = [x.decode() for x in flat]
            out.append(dict(zip(fields[::2], fields[1::2])))
        return [e for e in out if kind in (None, e["type"])]

    def kinds(self):
        return [e["type"] for e in self.events()]

    def stats(self, **fields):
        return self.fcall("queue_stats", **fields)
