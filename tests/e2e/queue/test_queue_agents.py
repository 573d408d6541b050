"""160 agents at once, a tenth of the replies lost: nothing twice, no case with two owners, in order."""
import json
import random
import threading

from brand import Brand, entry

AGENTS = 160
MENTIONS = 10_000
CASES = 3_000
THREADS = 16


class Agent:
    """Claims, then resolves the whole case; repeats what got no answer."""

    def __init__(self, name, brand, client, rng, record):
        self.name, self.brand, self.client, self.rng = name, brand, client, rng
        self.record, self.n = record, 0

    def fcall(self, function, **given):
        self.n += 1
        given = {"agent": self.name, "req": f"q{self.n}", **given}
        args = ("FCALL", function, 2, self.brand.key, self.brand.key + ":-", json.dumps(given))
        while True:
            reply = self.client.call(*args)
            if self.rng.random() >= 0.1:      # else the reply was lost on its way
                return json.loads(reply) if reply else None

    def work(self):
        """One claim; False when there was nothing."""
        got = self.fcall("mention_claim")
        if got is None:
            return False
        self.record("claim", self.name, got["case"], got["id"])
        if self.rng.random() < 0.5:
            self.record("end", self.name, got["case"], got["id"])
            self.fcall("mention_resolve", id=got["id"], outcome="answered")
        else:
            for id_ in [got["id"], *got["waiting"]]:
                self.record("end", self.name, got["case"], id_)
            self.fcall("mention_resolve", case=got["case"], outcome="answered")
        return True


def run_thread(agents, failures):
    try:
        busy = list(agents)
        while busy:
            busy = [a for a in busy if a.work()]
    except Exception as e:              # shown by the test, in its own thread
        failures.append(e)


def fill(brand):
    rng = random.Random(7)
    classes = ["outage", "complaint", "praise"]
    for at in range(0, MENTIONS, 100):
        brand.ingest(*[
            entry(f"m{i}", conversation=f"k{i % CASES}", author=f"u{i % CASES}",
                  created_at=brand.now - rng.randrange(3_600_000),
                  **{"class": classes[i % CASES % 3]}) for i in range(at, at + 100)])


def test_160_agents(server, client):
    brand = Brand(client)
    fill(brand)
    log, lock, failures = [], threading.Lock(), []

    def record(*what):
        with lock:
            log.append(what)

    threads = []
    for t in range(THREADS):
        conn = server.connect()
        agents = [Agent(f"a{t}.{i}", brand, conn, random.Random(t * 100 + i), record)
                  for i in range(AGENTS // THREADS)]
        threads.append(threading.Thread(target=run_thread, args=(agents, failures)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []

    events = brand.events()
    owner, claimed, ended = {}, {}, set()
    for e in events:
        if e["type"] == "claimed":
            assert e["id"] not in claimed, "claimed twice"
            claimed[e["id"]] = e["by"]
            assert owner.setdefault(e["case"], e["by"]) == e["by"], "a case with two owners"
        elif e["type"] == "resolved":
            assert e["id"] not in ended, "resolved twice"
            ended.add(e["id"])
            assert owner[e["case"]] == e["by"]
    assert len(ended) == MENTIONS
    assert sorted(i for w, _, _, i in log if w == "end") == sorted(ended)
    assert brand.stats()["lanes"] == []
    assert brand.stats()["counts"]["now_claimed"] == 0


def test_claims_come_in_the_order_of_the_rules(brand):
    """Many agents in turn, beside a model of the order: pressing by class, else due, every 4th due."""
    rng = random.Random(3)
    targets = {"outage": 300_000, "complaint": 900_000, "praise": 14_400_000}
    model = {}
    for at in range(0, 500, 100):
        rows = []
        for i in range(at, at + 100):
            cls = rng.choice(list(targets))
            created = brand.now - rng.randrange(2 * targets[cls])
            rows.append(entry(f"m{i}", created_at=created, **{"class": cls}))
            model[f"net:m{i}"] = (cls, max(created, brand.now - targets[cls]) + targets[cls])
        brand.ingest(*rows)
    ranks = {"outage": 0, "complaint": 1, "praise": 2}
    for n in range(500):
        def key(item):
            cls, due = item[1]
            if n % 4 == 3:
                return (due,)
            if due <= brand.now + targets[cls] / 2:
                return (0, ranks[cls], due)
            return (1, due)
        best = min(map(key, model.items()))
        got = brand.claim(f"a{n}", lease=604_800_000)
        assert key((got["id"], model[got["id"]])) == best, n
        del model[got["id"]]
        brand.now += rng.randrange(20_000)
