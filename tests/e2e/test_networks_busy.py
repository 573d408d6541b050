"""Posts that are published while they are polled for, by networks that repeat and reorder pages, show posts late, take
them back, and refuse in their own words: each post becomes one mention."""
import json
import signal
import time

import pytest

from lib import lemmy, reddit, stackexchange, x, youtube
from lib.posts import now_ms
from lib.busy import cut_off, html_instead, wait_until_shown
from lib.lemmy import Lemmy
from lib.reddit import Reddit
from lib.stackexchange import StackExchange
from lib.waiting import wait_for
from lib.x import X
from lib.youtube import Comments, YouTube

SECRETS = {"X_TOKEN": x.TOKEN, "REDDIT_SECRET": "s3cret", "YT_KEY": youtube.KEY, "LEMMY_PASSWORD": lemmy.PASSWORD}
SECONDS = 60
WISHES = "mentiond:{@ops}:wishes"


class Case:
    """How a network is made, its posts too, and its own ways of refusing. `asks`: many posts are looked up at once."""

    def __init__(self, make, post, account=None, troubles=(), first=230, each=60, asks=True):
        self.make, self.post, self.account, self.troubles = make, post, account, troubles
        self.first, self.each, self.asks = first, each, asks


CASES = {
    "x": Case(X, x.post, "x", [X.too_many]),
    "reddit": Case(Reddit, reddit.thing, "reddit", [Reddit.too_many, Reddit.unavailable]),
    # one page, as the overlap is not worth a second search
    "youtube": Case(YouTube, youtube.video, "yt", [YouTube.backend], first=8, each=8),
    "youtube-comments": Case(Comments, youtube.comment, "yt", [YouTube.backend]),
    "lemmy": Case(Lemmy, lemmy.mixed, None, [Lemmy.too_many, Lemmy.bad_gateway], asks=False),
    "lemmy-0.18": Case(lambda posts: Lemmy(posts, version="0.18"), lemmy.mixed, None, [Lemmy.too_many],
                       asks=False),
    "stackexchange": Case(StackExchange, stackexchange.question, None, [StackExchange.throttled]),
    "x-tweet": Case(lambda posts: X(posts, dialect="tweet"), x.post, "x", [X.too_many]),
}


def configure(site, network, account, **more):
    site.env.update(SECRETS)
    site.configure([network.source(**more)], accounts={account: network.account()} if account else {})


def hear(site, daemon, ids):
    """Until these are stored. Some networks may be asked once a minute only: a reload polls at once."""
    last = time.monotonic()

    def heard():
        nonlocal last
        if ids <= site.mention_ids():
            return True
        if time.monotonic() - last > 3:
            daemon.send_signal(signal.SIGHUP)
            last = time.monotonic()
        return False

    wait_for(heard, SECONDS, lambda: f"{len(ids - site.mention_ids())} of {len(ids)} mentions", every=0.05)


def take_back(site, network, posts):
    """Publishes these, and deletes them when they were heard, until they are erased too."""
    ids = {network.id_of(p) for p in posts}

    def poll_until(condition, what):
        def polled():
            site.redis.call("HSET", WISHES, f"poll|acme/{network.source()['name']}", str(now_ms()))
            return condition()
        wait_for(polled, SECONDS, what, every=0.3)

    network.post(*posts)
    poll_until(lambda: ids <= site.mention_ids(), "the last posts")
    for one in posts:
        network.delete(one)
    poll_until(lambda: ids <= {e["id"] for e in site.events("erased")}, "the erasures")
    assert all(site.redis.call("GET", f"mentiond:{{acme}}:m:{i}") == b"" for i in ids)


@pytest.mark.parametrize("name", CASES)
def test_each_post_is_one_mention(redis_site, name):
    case = CASES[name]
    network = redis_site.add(case.make([case.post(n) for n in range(case.first)]))
    configure(redis_site, network, case.account, recheck="1s")
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids(), SECONDS)
    for round_ in range(4):
        base = 1000 * (round_ + 1)
        new = [case.post(base + n) for n in range(case.each)]
        network.shuffled, network.repeats = round_ % 2 == 1, round_ % 3
        own = [lambda request, t=t: t(network, request) for t in case.troubles]
        network.troubles = [[cut_off], own, [html_instead], []][round_]
        network.post(*new[:case.each // 3])
        daemon.send_signal(signal.SIGHUP)  # polls at once
        late = case.post(base + 900, created_ms=now_ms() - 60_000)
        network.post_late(late, 0.5)  # a minute old when it is first seen
        network.post(*new[case.each // 3:])
        network.delete(new[-1])  # never seen, or seen and gone
        hear(redis_site, daemon, network.ids() - {network.id_of(late)})
    wait_until_shown(network)
    network.shuffled = False
    daemon.send_signal(signal.SIGHUP)
    hear(redis_site, daemon, network.ids())
    if case.asks:
        take_back(redis_site, network, [case.post(9000 + n) for n in range(3)])
    assert daemon.stop() == 0
    deleted = {network.id_of(p) for p in network.deleted}
    erased = {e["id"] for e in redis_site.events("erased")}
    heard = [e["id"] for e in redis_site.events("mention.heard")]
    assert network.ids() <= set(heard) <= network.ids() | deleted and len(heard) == len(set(heard))
    assert erased <= deleted
    assert sorted(redis_site.waiting()) == sorted(set(heard) - erased)


def test_x_pays_nothing_while_it_may_not(redis_site):
    """No credits: said once with X's own words, then probed slowly."""
    network = redis_site.add(X([x.post(1)]))
    network.troubles = [network.no_credits] * 20
    configure(redis_site, network, "x")
    daemon = redis_site.listen()
    line = daemon.wait_log("source stopped")
    assert "does not have any credits" in line
    assert daemon.stop() == 0
    assert len(network.web.requests) == 1


def test_x_begins_anew_after_a_long_absence(redis_site):
    """A cursor from before the seven days: what can be had is read, and the rest is a gap."""
    network = redis_site.add(X([x.post(n) for n in range(3)]))
    configure(redis_site, network, "x")
    assert redis_site.once().status == 0
    cursor = {"low": str(x.snowflake(now_ms() - 9 * x.DAY_MS))}
    redis_site.redis.call("HSET", "mentiond:{acme}:source:x", "cursor", json.dumps(cursor))
    network.post(x.post(5))
    daemon = redis_site.once()
    assert daemon.complaints("could not give back everything")
    redis_site.check_exactly(network.ids())


def test_x_mentions_of_a_handle(redis_site):
    """The handle is looked up once, also over restarts."""
    network = redis_site.add(X([x.post(n) for n in range(5)]))
    configure(redis_site, network, "x", mentions_of="@acme")
    for _ in range(2):
        assert redis_site.once().status == 0
    assert network.lookups == 1
    redis_site.check_exactly(network.ids())


def test_reddit_gets_another_token(redis_site):
    """One login for all, kept over restarts; a refused token costs one more."""
    network = redis_site.add(Reddit([reddit.thing(n) for n in range(5)]))
    configure(redis_site, network, "reddit")
    for _ in range(2):
        assert redis_site.once().status == 0
    assert network.logins == 1
    network.expire()
    network.post(reddit.thing(6))
    daemon = redis_site.once()
    assert daemon.status == 0
    assert not daemon.complaints(), "an expired token is no trouble"
    assert network.logins == 2
    redis_site.check_exactly(network.ids())


def test_reddit_takes_what_moderators_let_in_late(redis_site):
    """An old id appears below what is known: the walk reads on behind the newest."""
    network = redis_site.add(Reddit([reddit.comment(n) for n in range(20, 60)]))
    configure(redis_site, network, "reddit", read="comments")
    assert redis_site.once().status == 0
    network.post(reddit.comment(3, created_ms=now_ms() - 300_000))
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())


def test_reddit_ends_at_its_wall(redis_site):
    """After an absence a listing gives 1,000 things back: the rest is a gap."""
    network = redis_site.add(Reddit([reddit.thing(1, created_ms=now_ms() - 7200_000)]))
    configure(redis_site, network, "reddit")
    assert redis_site.once().status == 0
    network.post(*[reddit.thing(n, created_ms=now_ms() - 3600_000 + n * 1000) for n in range(10, 1310)])
    daemon = redis_site.once()
    assert daemon.complaints("could not give back everything")
    assert len(redis_site.mention_ids()) == 1001


def test_youtube_searches_sparingly(redis_site):
    """All that is new is paged through; a day of overlap costs no second search."""
    network = redis_site.add(YouTube([youtube.video(n, created_ms=now_ms() - 7200_000 + n * 1000) for n in range(130)]))
    configure(redis_site, network, "yt")
    assert redis_site.once().status == 0
    assert network.units == 300
    network.post(*[youtube.video(n) for n in range(200, 270)])
    assert redis_site.once().status == 0
    assert network.units == 500
    redis_site.check_exactly(network.ids())


def test_youtube_waits_for_midnight_in_california(redis_site):
    network = redis_site.add(YouTube([youtube.video(1)]))
    network.troubles = [network.quota] * 20
    configure(redis_site, network, "yt")
    daemon = redis_site.listen()
    line = daemon.wait_log("network asks us to wait")
    assert "quotaExceeded: The request cannot be completed because you have exceeded your quota." in line
    assert youtube.KEY not in "".join(daemon.lines) and "AIza" not in "".join(daemon.lines)
    assert daemon.stop() == 0
    assert len(network.web.requests) == 1


def test_youtube_reads_replies(redis_site):
    """Five come with their thread, the others are asked for."""
    threads = [youtube.comment(n) for n in range(3)]
    network = redis_site.add(Comments(threads))
    replies = [youtube.comment(100 + n, parent=threads[0]["id"]) for n in range(12)]
    network.reply_to(threads[0], *replies)
    network.reply_to(threads[1], youtube.comment(200, parent=threads[1]["id"]))
    configure(redis_site, network, "yt")
    assert redis_site.once().status == 0
    assert len(redis_site.mention_ids()) == 3 + 12 + 1
    assert network.units == 2


def test_youtube_says_when_the_day_is_too_short(redis_site):
    network = redis_site.add(YouTube())
    configure(redis_site, network, "yt", interval="5m")
    checked = redis_site.mentiond("--check", "--config", redis_site.folder / "config.yaml")
    assert "28800 of 10000 units a day" in checked.stdout + checked.stderr
    assert checked.returncode == 0


@pytest.mark.parametrize("version", ["0.18", "0.19"])
def test_lemmy_mentions_need_one_login(redis_site, version):
    """0.18 wants the token as a parameter, 0.19 as a header; it is kept until it is refused."""
    network = redis_site.add(Lemmy([lemmy.view(n) for n in range(1, 4)], version=version))
    redis_site.env.update(SECRETS)
    redis_site.configure([network.source(look="mentions", account="lemmy")],
                         accounts={"lemmy": network.account(auth_in_url=version == "0.18")})
    for _ in range(2):
        assert redis_site.once().status == 0
    assert network.logins == 1
    network.token = "gone"
    network.post(lemmy.view(9))
    assert redis_site.once().status == 0
    assert network.logins == 2
    redis_site.check_exactly(network.ids())


def test_lemmy_reads_a_community(redis_site):
    """Posts go on by token where there is one."""
    network = redis_site.add(Lemmy([lemmy.view(n, "post") for n in range(120)]))
    configure(redis_site, network, None, community="acme")
    assert redis_site.once().status == 0
    assert any(r.param("page_cursor") for r in network.web.requests)
    redis_site.check_exactly(network.ids())


def test_stackexchange_backs_off_in_the_middle_of_a_walk(redis_site):
    """`backoff` in a good answer: its mentions are taken, and the method is left alone for that long."""
    network = redis_site.add(StackExchange([stackexchange.question(n) for n in range(250)]))
    network.backoffs = {1: 2}
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids(), SECONDS)
    assert daemon.stop() == 0
    assert network.violations == 0
    redis_site.check_exactly(network.ids())
