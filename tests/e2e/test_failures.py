"""What networks do on bad days. One daemon asks a dozen of them, each wrong in its own way twice: in the middle of the
first walk, and on the first page of a later poll. Then each recovers, and everything must have arrived once."""
import gzip
import json
import random
import re
import signal
import threading
import time

import pytest

from lib.mastodon import Mastodon, status
from lib.site import Site
from lib.waiting import SCALE, wait_for
from lib.web import Reply, Web

TIMEOUT_S = 2
TOKEN = "very-secret-token"
PAGE = 40
BEFORE, AFTER = 90, 70  # statuses of the first walk, and posted later


class Faulty(Mastodon):
    """An instance that answers wrongly once, when `armed`: `fault(self, request)` is the answer."""

    def __init__(self, name, fault):
        super().__init__([status(n, host=f"{name}.example") for n in range(BEFORE)])
        self.name, self.fault = name, fault
        self.armed, self.skip, self.faults, self.after_fault = False, 0, [], []
        self.last_page = None
        self.before = self.misbehave

    def arm(self, skip):
        self.skip, self.armed = skip, True

    def misbehave(self, request):
        if len(self.after_fault) < len(self.faults):
            self.after_fault.append(time.monotonic())
        if self.armed and self.skip == 0:
            self.armed = False
            reply = self.fault(self, request)
            self.faults.append(time.monotonic())
            return reply
        self.skip -= 1
        self.last_page = self.timeline(request)
        return None


def limited_with_retry_after(network, request):
    return network.too_many(retry_after=3)


def limited_until_a_date(network, request):
    return network.too_many(reset_in=3)


def repeated_page(network, request):
    return network.last_page or network.timeline(request)


def reordered_page(network, request):
    page = network.page(request)
    random.Random(7).shuffle(page)
    return network.reply(request, page)  # without links that would help


def cut_off(network, request):
    body = json.dumps(network.page(request))
    return Reply(body[:len(body) // 2], length=len(body))


def cut_off_json(network, request):
    body = json.dumps(network.page(request))
    return Reply(body[:len(body) // 2])


def html(network, request):
    return Reply("<!DOCTYPE html><html><body><h1>We'll be right back</h1></body></html>",
                 headers={"Content-Type": "text/html"})


def fifty_megabytes(network, request):
    def write(send):
        for _ in range(50):
            send(b'[{"id":"' + b"1" * (1 << 20))
    return Reply(write)


def bomb(network, request):
    """50 MB that travel as 50 KB."""
    return Reply(gzip.compress(b" " * (50 << 20), 6), headers={"Content-Encoding": "gzip"})


def slow_drip(network, request):
    def write(send):
        for _ in range(int(TIMEOUT_S * SCALE * 50)):
            send(b" ")
            threading.Event().wait(0.05)
    return Reply(write)


def server_error(network, request):
    return Reply("upstream connect error", 503)


def wrong_json(network, request):
    return Reply({"error": "This method requires an authenticated user"})


def empty_body(network, request):
    return Reply(b"")


def broken_gzip(network, request):
    return Reply(b"\x1f\x8b\x08garbage", headers={"Content-Encoding": "gzip"})


def redirect_elsewhere(network, request):
    return Reply(b"", 302, {"Location": f"{network.thief.url}/login?from={request.path}"})


FAULTS = {  # name: (what it does, what the one line in the log says)
    "retry-after": (limited_with_retry_after, r"network asks us to wait .*HTTP 429.*next_try_in=\"?3"),
    "reset-date": (limited_until_a_date, r"network asks us to wait .*HTTP 429.*next_try_in=\"?[34]"),
    "repeated": (repeated_page, None),
    "reordered": (reordered_page, None),
    "cut-off": (cut_off, r"poll failed, trying again .*GET .*(cut off|closed|transfer)"),
    "cut-json": (cut_off_json, r"reply not understood, trying again .*JSON"),
    "html": (html, r"poll failed, trying again .*HTML instead of JSON"),
    "50-mb": (fifty_megabytes, r"poll failed, trying again .*GET .*(large|big|bytes)"),
    "bomb": (bomb, r"poll failed, trying again .*GET .*(large|big|bytes)"),
    "drip": (slow_drip, r"poll failed, trying again .*GET .*tim"),
    "503": (server_error, r"poll failed, trying again .*HTTP 503"),
    "wrong-json": (wrong_json, r"reply not understood, trying again .*no list"),
    "empty": (empty_body, r"(reply not understood|poll failed), trying again"),
    "bad-gzip": (broken_gzip, r"poll failed, trying again .*GET "),
    "redirect": (redirect_elsewhere, r"poll failed, trying again .*HTML instead of JSON"),
}
WAITING = ("retry-after", "reset-date")
WAIT_S = 3


class World:
    def __init__(self):
        self.site = Site()
        self.site.start_redis()
        self.thief = self.site.add(Web(lambda r: Reply("<html>please log in</html>")))
        self.networks = {}
        for name, (fault, _) in FAULTS.items():
            network = Faulty(name, fault)
            network.thief = self.thief
            self.networks[name] = self.site.add(network)
        accounts = {f"a-{n}": {"type": "mastodon", "instance": w.url, "token": "${TOKEN}"}
                    for n, w in self.networks.items()}
        sources = [w.source(n, account=f"a-{n}") for n, w in self.networks.items()]
        self.site.configure(sources, accounts=accounts,
                            http={"user_agent": "e2e/1", "timeout": f"{TIMEOUT_S * SCALE:.0f}s"})

    def run(self):
        for network in self.networks.values():
            network.arm(1)
        self.daemon = self.site.listen(env={"TOKEN": TOKEN})
        self.recover(40)
        for network in self.networks.values():
            network.post(*[status(n, host=f"{network.name}.example") for n in range(BEFORE, BEFORE + AFTER)])
            network.arm(0)
        self.mark = self.daemon.mark()
        self.daemon.send_signal(signal.SIGHUP)
        self.daemon.wait_log("configuration and rules reloaded", 20)
        self.recover(40)
        self.status = self.daemon.stop()

    def recover(self, seconds):
        """Until each has failed and then brought what it has; who does not is for the tests to say."""
        def all_here():
            heard = self.site.mention_ids()
            return all(w.faults and not w.armed and w.ids() <= heard for w in self.networks.values())
        try:
            wait_for(all_here, seconds, "all networks to recover", every=0.2)
        except AssertionError:
            pass

    def lines(self, name):
        """The warnings about one source: of the first walk, and after the reload."""
        pattern = rf" source={name}\b"
        everything = self.daemon.complaints(pattern)
        later = self.daemon.complaints(pattern, since=self.mark)
        return everything[:len(everything) - len(later)], later


@pytest.fixture(scope="module")
def world():
    one = World()
    try:
        one.run()
        yield one
    finally:
        one.site.close()


@pytest.mark.parametrize("name", FAULTS)
def test_everything_arrives_once(world, name):
    ids = world.networks[name].ids()
    assert len(world.networks[name].faults) >= 2, "it was wrong on both occasions"
    heard = [e["id"] for e in world.site.events("mention.heard")]
    assert ids <= set(heard), f"{len(ids - set(heard))} lost"
    assert len(heard) == len(set(heard)), "heard twice"
    waiting = world.site.waiting()
    assert len(waiting) == len(set(waiting)) and ids <= set(waiting)


@pytest.mark.parametrize("name", FAULTS)
def test_one_clear_line(world, name):
    pattern = FAULTS[name][1]
    for lines in world.lines(name):
        if pattern is None:
            assert lines == [], "nothing was lost, so there is nothing to say"
        else:
            assert len(lines) == 1, "one line for one fault: " + "\n".join(lines)
            assert re.search(pattern, lines[0]), lines[0]
            assert "next_try_in=" in lines[0] and f"source={name}" in lines[0]


@pytest.mark.parametrize("name", WAITING)
def test_the_network_is_waited_for(world, name):
    network = world.networks[name]
    for failed, asked_again in zip(network.faults, network.after_fault):
        assert asked_again - failed >= WAIT_S - 1.1, "dates have whole seconds"


def test_redirects_take_no_credentials_along(world):
    thief, honest = world.thief.requests, world.networks["redirect"].web.requests
    assert len(thief) == 2
    assert all(r.headers.get("Authorization") == f"Bearer {TOKEN}" for r in honest)
    for request in thief:
        assert "Authorization" not in request.headers
        assert TOKEN not in f"{request.target}{request.headers}{request.body}"


def test_it_went_on_all_the_time(world):
    assert world.status == 0
    assert world.daemon.log_lines("source works again")
    assert not world.daemon.log_lines(TOKEN), "a token in the log"
    log = "\n".join(world.daemon.lines)
    assert len(log) < 40_000, "a log for people"


def test_429_without_a_word_waits_for_minutes(redis_site):
    """Nobody said how long: Mastodon's own window of 5 minutes. A restart keeps to it, and loses nothing."""
    network = redis_site.add(Mastodon([status(n) for n in range(3)]))
    network.before = lambda request: network.too_many()
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    line = daemon.wait_log("network asks us to wait")
    assert re.search(r"next_try_in=\"?5m", line), line
    assert daemon.stop() == 0
    assert len(network.web.requests) == 1
    network.before = lambda request: None
    daemon = redis_site.once()
    assert daemon.status == 1 and daemon.complaints("nothing may be asked for another 2[0-9][0-9] s")
    assert len(network.web.requests) == 1
    redis_site.redis.call("DEL", *redis_site.redis.keys("mentiond:{@*}:spent"))
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())


def test_nobody_listens_there(redis_site):
    """Connection refused is a failure like the others; --once says so by its exit status."""
    network = Mastodon()
    network.close()
    redis_site.configure([network.source()])
    daemon = redis_site.once()
    assert daemon.status == 1
    assert len(daemon.complaints("poll failed.*connect")) == 1


def test_progress_ends_the_backoff(redis_site):
    """Failures of a long walk do not add up: after each stored page the first wait is the shortest again."""
    network = redis_site.add(Faulty("flaky", server_error))
    network.post(*[status(n, host="flaky.example") for n in range(BEFORE, 300)])
    redis_site.configure([network.source()])
    network.arm(1)
    daemon = redis_site.listen()
    for n in (1, 2, 3):
        wait_for(lambda: len(network.faults) == n, 15, f"fault {n}; {daemon.lines[-3:]}")
        network.arm(1)
    network.armed = False
    redis_site.wait_heard(network.ids())
    waits = daemon.complaints("poll failed.*HTTP 503")
    assert len(waits) == 3 and all(re.search(r"next_try_in=[2-5]s failures=1", w) for w in waits), waits
