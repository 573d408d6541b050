"""Two daemons on one Redis share the work and never an account: whose lease it is polls it, and when that one is gone
or asleep, the other takes over."""
import signal
import time

from lib.mastodon import Mastodon, status, uri_of
from lib.waiting import SCALE, wait_for

LEASE_S = 15
MARGIN_S = 6 * SCALE


class Pair:
    """Two daemons that say who they are in their User-Agent, and networks with an account each."""

    def __init__(self, site, n_networks, interval="10s"):
        self.site = site
        self.networks = [site.add(Mastodon([status(n, host=f"n{i}.example") for n in range(30)]))
                         for i in range(n_networks)]
        self.daemons = {}
        for name in ("one", "two"):
            settings = site.settings([w.source(f"s{i}", interval=interval) for i, w in enumerate(self.networks)],
                                     http={"user_agent": f"e2e/{name}"})
            site.write_config(settings, f"{name}.yaml")

    def start(self, name):
        self.daemons[name] = self.site.listen(config=f"{name}.yaml")
        return self.daemons[name]

    def post(self, start, n=30):
        for i, network in enumerate(self.networks):
            network.post(*[status(k, host=f"n{i}.example") for k in range(start, start + n)])

    def ids(self):
        return set().union(*[w.ids() for w in self.networks])

    def marks(self):
        return [len(w.web.requests) for w in self.networks]

    def askers_since(self, marks):
        """Who asked any of the networks since then."""
        return {r.headers["User-Agent"].removeprefix("e2e/")
                for network, mark in zip(self.networks, marks) for r in network.web.requests[mark:]}

    def lease_holders(self):
        keys = [k for k in self.site.redis.keys("mentiond:{@*}:lease") if "brand@" not in k]
        return {k: self.site.redis.hash(k)["daemon"] for k in keys}


def pid_of(holder):
    return int(holder.rsplit(":", 1)[1])


def test_each_account_has_one_daemon(redis_site):
    pair = Pair(redis_site, 6)
    pair.start("one")
    pair.start("two")
    redis_site.wait_heard(pair.ids())
    redis_site.check_exactly(pair.ids())
    for network in pair.networks:
        assert len({r.headers["User-Agent"] for r in network.web.requests}) == 1
    for daemon in pair.daemons.values():
        assert daemon.stop() == 0
    redis_site.check_exactly(pair.ids())


def test_an_orderly_stop_hands_over_at_once(redis_site):
    """SIGTERM gives the leases back: the other needs no 15 s."""
    pair = Pair(redis_site, 2)
    one = pair.start("one")
    redis_site.wait_heard(pair.ids())
    two = pair.start("two")
    assert one.stop() == 0
    wait_for(lambda: {pid_of(h) for h in pair.lease_holders().values()} == {two.process.pid}, LEASE_S / 2,
             lambda: f"two to hold the leases; they are held by {pair.lease_holders()}")
    pair.post(30)
    redis_site.wait_heard(pair.ids(), LEASE_S)
    redis_site.check_exactly(pair.ids())


def test_short_lives_leave_no_lease_behind(redis_site):
    """Stopped while it asks for its leases, a daemon gives back even what it is only about to get."""
    pair = Pair(redis_site, 1)
    for _ in range(8):
        assert pair.start("one").stop() == 0
    pair.start("two")
    redis_site.wait_heard(pair.ids(), 8)


def test_a_killed_daemon_is_replaced_within_the_lease(redis_site):
    pair = Pair(redis_site, 2)
    one = pair.start("one")
    redis_site.wait_heard(pair.ids())
    two = pair.start("two")
    asked = pair.marks()
    one.kill()
    killed = time.monotonic()
    pair.post(30)
    redis_site.wait_heard(pair.ids(), LEASE_S + MARGIN_S)
    taken = time.monotonic() - killed
    assert taken <= LEASE_S + MARGIN_S
    assert pair.askers_since(asked) == {"two"}
    assert {pid_of(h) for h in pair.lease_holders().values()} == {two.pid}
    assert two.stop() == 0
    redis_site.check_exactly(pair.ids())


def test_a_paused_daemon_is_fenced_off(redis_site):
    """SIGSTOP is what a suspended machine or a long swap looks like. Awake again, it finds itself without the lease
    before it asks anybody anything, and what it had in hand is refused: one account idle, one in mid-walk."""
    pair = Pair(redis_site, 2)
    busy = pair.networks[1]
    one = pair.start("one")
    redis_site.wait_heard(pair.ids())
    two = pair.start("two")

    def fall_asleep(request):
        if request.headers["User-Agent"] == "e2e/one" and request.param("min_id"):
            one.send_signal(signal.SIGSTOP)  # and the page is on its way

    busy.before = fall_asleep
    pair.post(30, 90)
    one.send_signal(signal.SIGHUP)
    wait_for(lambda: is_stopped(one.pid), 20, "it to fall asleep with a page on its way")
    busy.before = lambda request: None
    asked = pair.marks()
    redis_site.wait_heard(pair.ids(), LEASE_S + MARGIN_S + 10)
    assert pair.askers_since(asked) == {"two"}
    asked, log = pair.marks(), one.mark()
    one.send_signal(signal.SIGCONT)
    one.wait_log("lease (lost|not renewed)", 15, since=log)
    pair.post(200, 50)
    redis_site.wait_heard(pair.ids(), 30)
    assert pair.askers_since(asked) == {"two"}, "the sleeper asked without a lease"
    assert two.stop() == 0  # and now it may have them back
    pair.post(300, 10)
    redis_site.wait_heard(pair.ids(), LEASE_S)
    assert {w.web.requests[-1].headers["User-Agent"] for w in pair.networks} == {"e2e/one"}
    assert one.stop() == 0
    redis_site.check_exactly(pair.ids())


def is_stopped(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "T"


def test_more_than_a_ticks_share_is_done_at_once(redis_site):
    """6,000 steps are 60 calls of mention_tick: one a second would take a minute."""
    network = redis_site.add(Mastodon([status(1)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids())
    timers = "mentiond:{acme}:timers"
    redis_site.redis.call("ZADD", timers, *[x for n in range(6000) for x in (1, f"wake|net:{n}")])
    wait_for(lambda: redis_site.redis.call("ZCOUNT", timers, 1, 1) == 0, 30, "all steps to be done")
    assert daemon.stop() == 0


def test_the_brand_is_ticked_by_one(redis_site):
    """mention_tick has a lease of its own: what time brings about is said once."""
    network = redis_site.add(Mastodon([status(n, "acme is down, all of it") for n in range(3)]))
    redis_site.configure([network.source()], brand={"lease": "2s", "queue_none": "addressed"})
    one, two = redis_site.listen(), redis_site.listen()
    redis_site.wait_heard(network.ids())
    claimed = redis_site.fcall("mention_claim", agent="alice", req="r1")["id"]
    assert claimed in {uri_of(s) for s in network.statuses}
    wait_for(lambda: redis_site.events("expired"), 15, "the claim to expire")
    assert [e["id"] for e in redis_site.events("claim.expiring")] == [claimed]
    assert one.stop() == 0 and two.stop() == 0
    assert [e["id"] for e in redis_site.events("expired")] == [claimed]
    assert sorted(redis_site.waiting()) == sorted(network.ids())
