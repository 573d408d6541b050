"""Outages through the real daemon: its reader follows the brand's events and commits what the detector finds. The
brand is one for tests, whose clock is the tests': time passes when a test says so, and never by waiting."""
import json
import random

import pytest

from lib.posts import iso
from lib.waiting import ROOT, wait_for

T0 = 1_900_000_000_000 // 60_000 * 60_000
MINUTE = 60_000
KEY = "mentiond:{acme}"
PLACES = "north: { names: [Leeds] }\nsouth: { names: [London] }\n"
BRAND = {"places": "places.yaml", "rivals": ["Bravo"], "outages": "on"}
LIBRARY = sorted((ROOT / "daemon/store/queue").glob("[0-9]*.lua"))
TOLD = ("outage.opened", "outage.grew", "outage.split", "outage.over")


class World:
    """A brand with a clock of its own, one more source that the test writes itself, and daemons."""

    def __init__(self, site, **brand):
        self.site = site
        (site.folder / "places.yaml").write_text(PLACES)
        (site.folder / "posts.jsonl").write_text("")
        site.configure([{"name": "posts", "type": "file", "path": "posts.jsonl", "interval": "1s"}],
                       brand={**BRAND, **brand})
        self.env = {"MENTIOND_TEST_NOW": str(T0 + 30 * 86400_000)}  # later than any post
        site.redis.call("FUNCTION", "LOAD", "REPLACE", "".join(part.read_text() for part in LIBRARY))
        site.fcall("brand_configure", generation=0, test=True, test_now=T0, keep_ms=365 * 86400_000)
        site.fcall("source_open", source="test", lease="1:test")
        site.fcall("reader_commit", name="test", position="0-0")  # or the stream is cut behind the detector
        self.seq = 0
        self.n = 0
        self.now = T0

    def start(self):
        """A daemon; the first is waited for until it follows the stream: what was hours before that is no news."""
        daemon = self.site.listen(env=self.env)
        if not self.position():
            self.ingest(self.now, [self.post(self.now)])
            self.ingest(self.now + 2 * MINUTE, [self.post(self.now)])
            self.wait(lambda: self.position() not in ("", "0-0"), "a first commit")
        return daemon

    def stop(self, daemon):
        daemon.kill()
        self.site.release_leases()

    def ingest(self, at, posts):
        """One batch, heard at that time."""
        self.now = max(self.now, at)
        self.seq += 1
        header = {"source": "test", "lease": "1:test", "seq": self.seq, "cursor": "{}", "fetched_at": at,
                  "no_horizon": 1, "m": posts, "test_now": at}
        bodies = [json.dumps({"id": p["id"], "text": p["id"]}) for p in posts]
        return self.site.redis.call("FCALL", "mention_ingest", "2", KEY, KEY + ":-", json.dumps(header), *bodies)

    def post(self, at, **more):
        self.n += 1
        return {"id": f"net:{self.n}", "network": "net", "lang": "en", "class": "none", "created_at": at,
                "author": f"a{self.n}", "followers": 50, "age_days": 900, **more}

    def report(self, at, **more):
        return self.post(at, **{"class": "outage", "down": 1, "topics": ["login"], "place": "north", **more})

    def pass_time(self, to):
        self.now = max(self.now, to)
        self.site.fcall("mention_tick", test_now=self.now)

    def events(self):
        return [e for e in self.site.events() if e["type"] in TOLD]

    def wait(self, condition, what, seconds=30):
        """The clock goes on a little with each look: what happened at one of its moments is done when it is over."""
        def look():
            self.pass_time(self.now + 1)
            return condition()
        return wait_for(look, seconds, what)

    def wait_events(self, *kinds):
        self.wait(lambda: [e["type"].split(".")[1] for e in self.events()] == list(kinds),
                  lambda: f"{kinds}; there are {[(e['type'], e['at']) for e in self.events()]}")
        return self.events()

    def wait_read(self):
        """Until everything heard so far is committed."""
        self.ingest(self.now + 2 * MINUTE, [self.post(self.now)])
        heard = self.site.events("mention.heard")[-1]["at"]
        self.wait(lambda: self.position() and self.position() != "0-0" and not before(self.position(), heard),
                  lambda: f"{heard} to be read; it is at {self.position()}")

    def outages(self):
        return self.site.fcall("outage_list")["outages"]

    def position(self):
        return self.site.redis.hash(KEY + ":outages:reader").get("position", "")


def before(a, b):
    return tuple(map(int, a.split("-"))) < tuple(map(int, b.split("-")))


@pytest.fixture
def world(redis_site):
    return World(redis_site)


def outage_begins(world, n=6, every=30_000, **more):
    at = world.now
    for i in range(n):
        world.ingest(at + i * every + 10_000, [world.report(at + i * every, **more)])
    world.pass_time(world.now + 2 * MINUTE)


def chatter(world, minutes, each=3):
    at = world.now
    for i in range(minutes):
        world.ingest(at + i * MINUTE, [world.post(at + i * MINUTE) for _ in range(each)])


def test_opens_grows_and_is_over(world):
    daemon = world.start()
    outage_begins(world)
    opened, grew = world.wait_events("opened", "grew")
    assert opened["people"] == "3" and opened["topic"] == "login" and opened["places"] == "north"
    assert opened["networks"] == "net" and int(opened["since"]) < int(opened["at"].split("-")[0])
    assert opened["examples"] == "net:3,net:4,net:5" and grew["people"] == "6"
    world.pass_time(world.now + 60 * MINUTE)
    events = world.wait_events("opened", "grew", "over")
    assert events[-1]["people"] == "6" and events[-1]["reports"] == "6"
    (outage,) = world.outages()
    assert outage["state"] == "over" and outage["people"] == 6 and outage["members"] == 6
    found = world.site.fcall("outage_get", outage=outage["id"])
    assert sum(n for _, n, _ in found["series"]) == 6
    why = json.loads(found["why"])
    assert why["weight"] == 3 and why["score"] >= why["threshold"] and why["reports"] == 3
    assert daemon.stop() == 0 and not daemon.complaints()


def test_posts_of_a_file_become_an_outage(world):
    """The whole way: a source, the rules, the queue, the stream, the detector."""
    (world.site.folder / "posts.jsonl").write_text("".join(json.dumps({
        "id": str(i), "created_at": iso(T0 + i * 1000), "text": text, "lang": "en",
        "author": {"id": f"p{i}", "handle": f"p{i}", "location": "Leeds, UK"}}) + "\n" for i, text in enumerate(
            ["acme is down"] * 4 + ["acme is down, like Bravo", "reading about acme"])))
    world.pass_time(T0 + MINUTE)
    world.site.listen(env=world.env)
    (opened,) = world.wait_events("opened")
    assert opened["people"] == "3" and opened["places"] == "north"
    heard = {e["id"]: e for e in world.site.events("mention.heard")}
    assert [heard[f"file:{i}"]["says"] for i in range(6)] == ["down"] * 4 + ["", ""]
    assert heard["file:4"]["signals"] == "other-brand" and heard["file:0"]["place"] == "north"


def test_agents_see_one_item(world):
    world.start()
    outage_begins(world)
    world.wait_events("opened", "grew")
    reports = {e["id"] for e in world.site.events("mention.heard") if e["says"]}
    world.wait(lambda: not reports & set(world.site.waiting()), lambda: f"lanes: {world.site.lanes()}")
    given = world.site.fcall("mention_claim", agent="alice", req="r1")
    assert given["outage"]["people"] == 6 and given["state"] == "claimed"
    assert world.site.fcall("mention_claim", agent="bob", classes=["outage"], req="r1") is None


def test_shadow_tells_the_list_and_not_the_queue(redis_site):
    world = World(redis_site, outages="shadow")
    world.start()
    outage_begins(world)
    opened = world.wait_events("opened", "grew")[0]
    assert opened["shadow"] == "1" and world.outages()[0]["shadow"]
    reports = {e["id"] for e in world.site.events("mention.heard") if e["says"]}
    assert len(reports) == 6 and reports <= set(world.site.waiting())


def test_off_does_not_look(redis_site):
    world = World(redis_site, outages="off")
    world.site.listen(env=world.env)
    outage_begins(world)
    world.pass_time(world.now + 5 * MINUTE)
    wait_for(lambda: world.site.source_health("posts"), 20, "a first poll")
    assert not world.events() and not world.position()


def test_as_many_people_as_the_brand_says(redis_site):
    world = World(redis_site, outage_people=8)
    world.start()
    outage_begins(world, n=7)
    world.wait_read()
    assert not world.events()
    outage_begins(world, n=2)
    assert int(world.wait_events("opened")[0]["people"]) >= 8


def test_a_rejected_outage_is_none(world):
    """Its reports open nothing else, the like is harder to open from now on, and does open when it is large."""
    world.start()
    outage_begins(world)
    world.wait_events("opened", "grew")
    (outage,) = world.outages()
    world.site.fcall("outage_reject", agent="lea", outage=outage["id"], why="joke", req="r1")
    world.wait_read()
    outage_begins(world, n=4)
    world.wait_read()
    assert len(world.events()) == 2
    outage_begins(world, n=150, every=1000)
    world.wait(lambda: [e["type"] for e in world.events()].count("outage.opened") == 2, "the second to open")


def test_announced_work_is_none(world):
    world.start()
    world.site.fcall("maintenance_add", agent="lea", topic="login", until=T0 + 60 * MINUTE, req="r1",
                     **{"from": T0})
    outage_begins(world)
    world.wait_read()
    assert not world.events()
    world.pass_time(T0 + 61 * MINUTE)
    outage_begins(world)
    assert world.wait_events("opened", "grew")


# ---- the same events, once ----------------------------------------------------------------------

def told(world):
    return [(e["event"], e["people"], e["reports"], e["topic"], e["places"], e["since"], e["networks"])
            for e in world.events()]


def made_up(world, seed):
    """A few hours of a brand with two outages, as batches with their times."""
    draw = random.Random(seed)
    at, batches = T0 + 60 * MINUTE, []
    for minute in range(150):
        at += MINUTE
        posts = [world.post(at - draw.randrange(30_000)) for _ in range(draw.randrange(4))]
        if 20 <= minute < 40:
            posts += [world.report(at - draw.randrange(60_000), network="net") for _ in range(draw.randrange(3))]
        if 90 <= minute < 110:
            posts += [world.report(at - draw.randrange(60_000), topics=["payments"], place="south",
                                   author=f"a{draw.randrange(40)}") for _ in range(draw.randrange(4))]
        if minute == 60:
            posts.append(world.post(at, back=1))
        batches.append((at + draw.randrange(1000), posts))
    return batches


def go_through(world, batches):
    for at, posts in batches:
        world.ingest(at, posts)
    world.pass_time(batches[-1][0] + 90 * MINUTE)


def is_all_over(world, n=2):
    outages = world.outages()
    return len(outages) >= n and all(o["state"] == "over" for o in outages)


@pytest.fixture
def expected(redis_site):
    """What one daemon says that nothing happens to."""
    world = World(redis_site)
    daemon = world.start()
    go_through(world, made_up(world, 7))
    world.wait(lambda: is_all_over(world), lambda: f"both to be over: {world.outages()}")
    daemon.stop()
    assert len(world.outages()) == 2
    return told(world)


def another(world):
    """The same Redis, emptied."""
    site = world.site if isinstance(world, World) else world
    site.redis.call("FLUSHALL")
    return World(site)


def test_killed_at_random_moments(redis_site, expected):
    world = another(redis_site)
    draw = random.Random(11)
    batches = made_up(world, 7)
    daemon = world.start()
    for begin in range(0, len(batches), 25):
        go_through_part = batches[begin:begin + 25]
        for at, posts in go_through_part:
            world.ingest(at, posts)
        mark = draw.choice(go_through_part)[0]
        world.wait(lambda: int((world.position() or "0-0").split("-")[0]) >= mark - 10 * MINUTE,
                   lambda: f"{mark} to be read; it is at {world.position()}")
        world.stop(daemon)
        daemon = world.start()
    world.pass_time(batches[-1][0] + 90 * MINUTE)
    world.wait(lambda: is_all_over(world), lambda: f"both to be over: {world.outages()}")
    assert told(world) == expected


def test_taken_over_by_another_daemon(redis_site, expected):
    world = another(redis_site)
    batches = made_up(world, 7)
    one = world.start()
    two = world.start()
    for at, posts in batches[:100]:
        world.ingest(at, posts)
    world.wait(lambda: len(told(world)) >= 2, "the first outage")
    world.stop(one)
    for at, posts in batches[100:]:
        world.ingest(at, posts)
    world.pass_time(batches[-1][0] + 90 * MINUTE)
    world.wait(lambda: is_all_over(world), lambda: f"both to be over: {world.outages()}")
    assert told(world) == expected and two.is_running()


@pytest.mark.parametrize("damage", ["cut off", "turned", "nonsense"])
def test_a_damaged_state_is_built_anew(redis_site, expected, damage):
    world = another(redis_site)
    batches = made_up(world, 7)
    daemon = world.start()
    for at, posts in batches[:100]:
        world.ingest(at, posts)
    world.wait(lambda: int((world.position() or "0-0").split("-")[0]) >= batches[98][0], "most to be read")
    world.stop(daemon)
    key = KEY + ":outages:state"
    state = world.site.redis.call("GET", key)
    bad = {"cut off": state[:len(state) // 2], "turned": state[:50] + bytes([state[50] ^ 1]) + state[51:],
           "nonsense": b"no state at all"}[damage]
    world.site.redis.call("SET", key, bad)
    daemon = world.start()
    daemon.wait_log("state of the outage detector refused", 30)
    for at, posts in batches[100:]:
        world.ingest(at, posts)
    world.pass_time(batches[-1][0] + 90 * MINUTE)
    world.wait(lambda: is_all_over(world), lambda: f"both to be over: {world.outages()}")
    assert told(world) == expected
    assert world.site.ops_events("outage.state_refused")


def test_order_inside_of_a_batch_does_not_matter(redis_site, expected):
    world = another(redis_site)
    draw = random.Random(5)
    world.start()
    for at, posts in made_up(world, 7):
        draw.shuffle(posts)
        world.ingest(at, posts)
    world.pass_time(world.now + 90 * MINUTE)
    world.wait(lambda: is_all_over(world), lambda: f"both to be over: {world.outages()}")
    assert told(world) == expected


def test_who_was_passed_over_says_so(world):
    daemon = world.start()
    chatter(world, 5)
    world.wait_read()
    world.stop(daemon)
    chatter(world, 5)
    world.pass_time(world.now + 180 * MINUTE)
    world.site.redis.call("XTRIM", KEY + ":events", "MAXLEN", "1")
    first = world.site.events()[0]["at"]
    world.site.redis.call("HSET", KEY, "trimmed", first)
    daemon = world.start()
    daemon.wait_log("events were cut off the stream", 30)
    (gap,) = world.site.ops_events("reader.gap")
    assert gap["reader"] == "outages" and gap["to"] == first
    outage_begins(world)
    assert world.wait_events("opened", "grew")
