"""Outages of a test brand: commits as the daemon's reader sends them."""
import json

from brand import Brand, entry


def change(n=1, kind="opened", members=(), outage="acme-1", at=None, **fields):
    """A change; members are names of mentions of the network `net`."""
    one = {"outage": outage, "kind": kind, "n": n, "at": at, "since": at - 60_000 if at else None,
           "people": 12, "reports": 14, "topic": "login", "places": ["leeds"], "per_minute": "2.5",
           "expected": "0.04", "score": "17.2", "threshold": "10", "networks": ["net"],
           "members": [f"net:{m}" for m in members]}
    one.update(fields)
    return one


class Outages(Brand):
    """A brand whose outages this test's detector finds."""

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.position = "0-0"
        self.lease = "1:detector"
        self.fcall("outage_open", lease=self.lease)

    def change(self, *args, **fields):
        fields.setdefault("at", self.now)
        return change(*args, **fields)

    def commit(self, *changes, state=None, **fields):
        """The changes at one position further."""
        ms, n = self.position.split("-")
        to = f"{ms}-{int(n) + 1}"
        reply = self.send({"from": self.position, "to": to, "changes": list(changes), **fields}, state)
        self.position = fields.get("to", to)
        return reply

    def send(self, commit, state=None):
        commit = {"lease": self.lease, "test_now": self.now, **commit}
        return json.loads(self.raw("outage_commit", json.dumps(commit), *([] if state is None else [state])))

    def report(self, *names, **fields):
        """Reports of an outage, heard and waiting."""
        fields = {"class": "outage", "created_at": self.now, **fields}
        for at in range(0, len(names), 100):
            self.ingest(*[entry(name, **fields) for name in names[at:at + 100]])

    def open_outage(self, *names, **fields):
        self.report(*names)
        return self.commit(self.change(members=names, **fields))

    def outage(self, name="acme-1"):
        return self.fcall("outage_get", outage=name)

    def do(self, verb, agent="alice", outage="acme-1", **fields):
        return self.fcall("outage_" + verb, agent=agent, outage=outage, **fields)

    def lane(self, lane="0:outage:en:net"):
        return [x.decode() for x in self.client.call("ZRANGE", f"{self.key}:q:{lane}", 0, -1)]
