"""Each network's own way of giving: paging by min_id, sessions that expire, a wall of 1,000 hits. And what is heard
without becoming work: own posts, reposts, chatter."""
import json
import signal

import pytest

from lib import bluesky, hackernews, mastodon
from lib.bluesky import Bluesky
from lib.hackernews import HackerNews
from lib.mastodon import Mastodon, status
from lib.posts import now_ms
from lib.waiting import wait_for


def test_mastodon_walks_forward_by_min_id(redis_site):
    """Several polls with posts in between, more than a page at a time: everything once, nothing asked for twice."""
    network = redis_site.add(Mastodon([status(n) for n in range(130)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids())
    for start in (130, 131, 271):
        network.post(*[status(n) for n in range(start, start + (1 if start == 130 else 140))])
        daemon.send_signal(signal.SIGHUP)  # polls at once
        redis_site.wait_heard(network.ids())
    assert daemon.stop() == 0
    redis_site.check_exactly(network.ids())
    newest = network.statuses[-1]["id"]
    assert redis_site.cursor("tags")[0] == {"low": newest}
    forward = [r for r in network.web.requests if r.param("min_id")]
    assert all(r.param("limit") == "40" for r in network.web.requests)
    assert len({r.param("min_id") for r in forward if r.param("min_id") != newest}) >= 8
    assert any("max_id" in r.params for r in network.web.requests), "the first run walks back"


def test_mastodon_takes_late_arrivals(redis_site):
    """A timeline is ordered by arrival: a post with a new id and an old date belongs to the next page."""
    network = redis_site.add(Mastodon([status(1)]))
    redis_site.configure([network.source()])
    assert redis_site.once().status == 0
    network.post(status(2, created_ms=now_ms() - 5 * 3600_000), status(3))
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())


def test_mastodon_mentions_of_the_account(redis_site):
    """Notifications by their own ids, only mentions, and no private word unless that is asked for."""
    names = ["acme@mastodon.example"]
    network = redis_site.add(Mastodon([status(n, names=names if n % 3 else ()) for n in range(100)]))
    network.post(status(100, "acme, between us", names=names, visibility="direct"))
    redis_site.configure([network.mentions_source()], accounts={"care": network.account()})
    redis_site.env["MASTODON_TOKEN"] = mastodon.TOKEN
    assert redis_site.once().status == 0
    network.post(status(101, names=names), status(102), status(103, names=names))
    assert redis_site.once().status == 0
    heard = {mastodon.uri_of(s) for s in network.statuses if s["mentions"]}
    private = mastodon.uri_of(network.statuses[100])
    redis_site.check_exactly(heard - {private})
    assert redis_site.cursor("mentions")[0] == {"low": network.statuses[-1]["id"]}
    assert redis_site.mention(mastodon.uri_of(network.statuses[101]))["addressed"] is True
    redis_site.configure([network.mentions_source("all", private_posts=True)], accounts={"care": network.account()})
    assert redis_site.once().status == 0
    redis_site.check_exactly(heard)


def test_mastodon_takes_of_a_public_timeline_what_names_the_brand(redis_site):
    about = [status(n) for n in range(60)]
    network = redis_site.add(Mastodon(about + [status(n, "nothing to see here") for n in range(60, 130)]))
    redis_site.configure([{"name": "local", "type": "mastodon", "instance": network.url, "look": "local"}])
    assert redis_site.once().status == 0
    redis_site.check_exactly({mastodon.uri_of(s) for s in about})
    assert all(r.param("local") == "true" for r in network.web.requests)


def test_bluesky_refreshes_an_expired_session(redis_site):
    """HTTP 400 ExpiredToken means refreshSession, never another createSession: those are counted."""
    network = redis_site.add(Bluesky([bluesky.post(n) for n in range(150)]))
    redis_site.configure([network.source()], accounts={"bsky": network.account()})
    assert redis_site.once().status == 0
    assert (network.logins, network.refreshes) == (1, 0)
    session = json.loads(redis_site.redis.call("GET", "mentiond:{@bsky}:session"))
    session["obtained_at"] -= 2 * 3600_000  # tokens that are this old have expired
    redis_site.redis.call("SET", "mentiond:{@bsky}:session", json.dumps(session))
    network.expire()
    network.post(*[bluesky.post(n, created_ms=now_ms()) for n in range(150, 200)])
    daemon = redis_site.once()
    assert daemon.status == 0
    assert (network.logins, network.refreshes) == (1, 1)
    assert not daemon.complaints(), "an expired token is no trouble"
    redis_site.check_exactly(network.ids())


def test_bluesky_mentions_of_the_account(redis_site):
    """What mentions, answers or quotes the account, through pages of likes; also a post that says it is of 2019."""
    base = now_ms() - 3600_000
    reasons = ["mention", "reply", "quote"]
    network = redis_site.add(Bluesky([{**bluesky.post(n, created_ms=base + n * 1000), "reason": reasons[n % 3]}
                                      for n in range(40)]))
    network.post(*[bluesky.post(n, created_ms=base + 100_000 + n * 1000) for n in range(100, 400)])
    network.post(*[{**bluesky.post(n, created_ms=base + 600_000 + n * 1000), "reason": "mention"} for n in range(500, 503)])
    network.posts[-1]["record"]["createdAt"] = "2019-01-01T00:00:00.000Z"
    redis_site.configure([network.mentions_source()], accounts={"bsky": network.account()})
    assert redis_site.once().status == 0
    wanted = {bluesky.id_of(p) for p in network.posts if "reason" in p}
    redis_site.check_exactly(wanted)
    network.expire()
    network.post({**bluesky.post(600, created_ms=now_ms()), "reason": "reply"})
    assert redis_site.once().status == 0
    redis_site.check_exactly(wanted | {bluesky.id_of(network.posts[-1])})
    assert redis_site.mention(bluesky.id_of(network.posts[-1]))["addressed"] is True


def test_bluesky_session_survives_a_restart(redis_site):
    network = redis_site.add(Bluesky([bluesky.post(n) for n in range(5)]))
    redis_site.configure([network.source()], accounts={"bsky": network.account()})
    for n in (1, 2, 3):
        assert redis_site.once().status == 0
        assert network.searches >= n
    assert (network.logins, network.refreshes) == (1, 0)


def test_bluesky_wrong_password_is_tried_once(redis_site):
    """Wrong logins count against the account: one, then people have to look."""
    network = redis_site.add(Bluesky())
    redis_site.configure([network.source()], accounts={"bsky": network.account()})
    daemon = redis_site.listen(env={"BSKY_PASSWORD": "wrong"})
    line = daemon.wait_log("source stopped")
    assert "AuthenticationRequired" in line and "wrong" not in line.split("error=")[1].split("login refused")[0]
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert network.logins == 1


def test_hackernews_passes_the_wall(redis_site):
    """Of one query only 1,000 hits can be had: 2,500 come by cutting the window, several in each second."""
    base = now_ms() // 1000 - 7200
    network = redis_site.add(HackerNews([hackernews.comment(n, created_s=base + n // 3) for n in range(2500)]))
    redis_site.configure([network.source()])
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())
    assert redis_site.cursor("hn")[0] == {"low": str(base + 2499 // 3)}
    assert all(int(r.param("page")) * int(r.param("hitsPerPage")) < 1000 for r in network.web.requests)


def test_hackernews_second_poll_reads_only_the_overlap(redis_site):
    base = now_ms() // 1000 - 20_000
    network = redis_site.add(HackerNews([hackernews.comment(n, created_s=base + n) for n in range(300)]))
    redis_site.configure([network.source(overlap="1m")])
    assert redis_site.once().status == 0
    before = len(network.web.requests)
    network.post(hackernews.comment(300, created_s=base + 300), hackernews.comment(301, created_s=base + 250))
    assert redis_site.once().status == 0
    assert len(network.web.requests) == before + 1
    redis_site.check_exactly(network.ids())


class Repeating:
    """Answers the page with this number, and as many after it as told, with the page before."""

    def __init__(self, network, path, nth, times=1):
        self.network, self.path, self.nth, self.times, self.n = network, path, nth, times, 0
        self.last = None
        network.before = self

    def __call__(self, request):
        if self.path not in request.path:
            return None
        self.n += 1
        if self.nth <= self.n < self.nth + self.times:
            return self.last
        self.network.before = lambda _: None
        self.last = self.network._answer(request)
        self.network.before = self
        return self.last


def repeating_networks():
    base = now_ms() // 1000 - 5000
    return {"mastodon": lambda: (Mastodon([status(n) for n in range(110)]), "timelines"),
            "bluesky": lambda: (Bluesky([bluesky.post(n) for n in range(250)]), "searchPosts"),
            "hackernews": lambda: (HackerNews([hackernews.comment(n, created_s=base + n) for n in range(250)]),
                                   "search")}


@pytest.mark.parametrize("name", ["mastodon", "bluesky", "hackernews"])
def test_a_repeated_page_loses_nothing(redis_site, name):
    """In the middle of a walk the page before comes once more, as caches do: asked again, nothing is left out."""
    network, path = repeating_networks()[name]()
    redis_site.add(network)
    Repeating(network, path, 2)
    accounts = {"bsky": network.account()} if name == "bluesky" else {}
    redis_site.configure([network.source()], accounts=accounts)
    redis_site.listen()
    redis_site.wait_heard(network.ids(), 20)
    redis_site.check_exactly(network.ids())


@pytest.mark.parametrize("name", ["mastodon", "bluesky"])
def test_a_network_that_does_not_move_on_is_a_gap(redis_site, name):
    """The same page for ever: the walk ends, and it is said that something may be missing."""
    network, path = repeating_networks()[name]()
    redis_site.add(network)
    Repeating(network, path, 2, times=1000)
    accounts = {"bsky": network.account()} if name == "bluesky" else {}
    redis_site.configure([network.source()], accounts=accounts)
    daemon = redis_site.once()
    assert daemon.complaints("could not give back everything")
    assert len(network.web.requests) < 8
    assert redis_site.ops_events("gap")


def test_a_late_arrival_does_not_end_the_first_walk(redis_site):
    """One post dated before the backfill on the first page: what follows it is newer."""
    late = status(119, created_ms=now_ms() - 30 * 3600_000)
    network = redis_site.add(Mastodon([status(n) for n in range(119)] + [late]))
    redis_site.configure([network.source(backfill="24h")])
    assert redis_site.once().status == 0
    assert {mastodon.uri_of(status(n)) for n in range(119)} <= redis_site.mention_ids()


def test_own_posts_and_reposts_are_no_work(redis_site):
    """They are heard (events, counts), but nobody has to answer them."""
    plain = status(1, "acme is down for me")
    own = status(2, "acme is down, we are on it", author="acme")
    own["account"]["acct"] = "acme@mastodon.example"
    boost = status(3, author="fan", boosted=plain)
    network = redis_site.add(Mastodon([plain, own, boost]))
    redis_site.configure([network.source()])
    daemon = redis_site.once()
    assert daemon.status == 0
    states = {e["id"]: e["state"] for e in redis_site.events("mention.heard")}
    assert states == {mastodon.uri_of(plain): "queued", mastodon.uri_of(own): "unqueued",
                      mastodon.uri_of(boost): "unqueued"}
    assert redis_site.waiting() == [mastodon.uri_of(plain)]
    assert redis_site.mention(mastodon.uri_of(own))["own"] is True
    assert daemon.log_lines("polling ended .*own=1 reposts=1")


def test_none_is_heard_and_queued_only_when_addressed(redis_site):
    """Ordinary chatter counts for the outage detector; it waits only when it speaks to the brand."""
    chatter = status(1, "reading about acme on the train")
    question = status(2, "@acme do you ship to Norway?", names=["acme@mastodon.example"])
    network = redis_site.add(Mastodon([chatter, question]))
    redis_site.configure([network.source()], brand={"queue_none": "addressed"})
    assert redis_site.once().status == 0
    heard = {e["id"]: (e["class"], e["state"]) for e in redis_site.events("mention.heard")}
    assert heard == {mastodon.uri_of(chatter): ("none", "unqueued"), mastodon.uri_of(question): ("none", "queued")}
    assert redis_site.waiting() == [mastodon.uri_of(question)]
    assert redis_site.mention(mastodon.uri_of(question))["addressed"] is True


def test_an_own_reply_ends_the_mention(redis_site):
    """The brand answered on the network itself: the mention is resolved, nobody claims it any more."""
    asked = bluesky.post(1, "acme is down for me")
    network = redis_site.add(Bluesky([asked]))
    redis_site.configure([network.source()], accounts={"bsky": network.account()})
    assert redis_site.once().status == 0
    answer = bluesky.post(2, "sorry about that, acme is on it", author=bluesky.IDENTIFIER, created_ms=now_ms())
    ref = {"uri": asked["uri"], "cid": asked["cid"]}
    answer["record"]["reply"] = {"root": ref, "parent": ref}
    network.post(answer)
    assert redis_site.once().status == 0
    assert redis_site.fcall("mention_get", id=bluesky.id_of(asked))["state"] == "resolved"
    assert [e["id"] for e in redis_site.events("answered")] == [bluesky.id_of(asked)]
    assert redis_site.waiting() == []


def test_several_networks_at_once(redis_site):
    """One daemon, three networks: each mention says where it is from, and health is published for each source."""
    m = redis_site.add(Mastodon([status(n) for n in range(45)]))
    b = redis_site.add(Bluesky([bluesky.post(n) for n in range(30)]))
    h = redis_site.add(HackerNews([hackernews.comment(n) for n in range(20)]))
    redis_site.configure([m.source(), b.source(), h.source()], accounts={"bsky": b.account()})
    daemon = redis_site.listen()
    redis_site.wait_heard(m.ids() | b.ids() | h.ids())
    wait_for(lambda: all((redis_site.source_health(s) or {}).get("last_success") for s in ("tags", "search", "hn")),
             5, "health of all three")
    assert daemon.stop() == 0
    redis_site.check_exactly(m.ids() | b.ids() | h.ids())
    health = redis_site.source_health("search")
    assert (health["state"], health["new"], health["type"], health["account"]) == ("ok", 30, "bluesky", "bsky")
