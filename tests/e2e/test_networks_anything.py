"""Feeds, JSON APIs and chats: what has no search and no one shape."""
import json
import signal

import pytest

from lib.feed import Feed
from lib.posts import now_ms
from lib.unruly import Post, error
from lib.waiting import wait_for
from test_networks_unruly import check_refusal, poll_until_heard, posts


def test_feed_is_asked_only_for_what_changed(redis_site):
    """The validator goes back as it came, also after a restart; what comes after it is heard once."""
    network = redis_site.add(Feed(posts(0, 20)))
    redis_site.configure([network.source()])
    assert redis_site.once().status == 0
    for n in (1, 2):
        assert redis_site.once().status == 0
        assert network.n_unchanged == n
    network.post(*posts(20, 5))
    assert redis_site.once().status == 0
    assert network.n_unchanged == 2
    redis_site.check_exactly(network.ids())


@pytest.mark.parametrize("form", ["atom", "json"])
def test_feed_without_dates_and_validators(redis_site, form):
    """What was there before the first look is no news; each later item comes once, in whatever order."""
    network = redis_site.add(Feed(posts(0, 30), form=form, validators=False, dated=False))
    redis_site.configure([network.source()])
    assert redis_site.once().status == 0
    redis_site.check_exactly(set())
    network.unruly = True
    for start in (100, 200, 300):
        network.post(*posts(start, 10))
        assert redis_site.once().status == 0
    network.take_back(205)
    assert redis_site.once().status == 0
    redis_site.check_exactly({network.id_of(p) for n, p in network.posts.items() if n >= 100})


def test_feed_that_moved_on_is_read_back(redis_site):
    """More new items than the window holds: older pages if there are any, else a gap."""
    network = redis_site.add(Feed(posts(0, 20, minutes=60)))
    redis_site.configure([network.source()])
    assert redis_site.once().status == 0
    network.post(*posts(100, 150))
    daemon = redis_site.once()
    assert daemon.status == 0 and not daemon.complaints()
    redis_site.check_exactly(network.ids())
    network.form = "json"
    network.older = False
    network.post(*posts(400, 90, minutes=1))
    assert redis_site.once().complaints("could not give back everything")
    assert redis_site.ops_events("gap")


def test_feed_takes_what_names_the_brand(redis_site):
    network = redis_site.add(Feed([Post(1, "acme is down", now_ms()), Post(2, "it is down", now_ms())]))
    redis_site.configure([network.source()])
    assert redis_site.once().status == 0
    redis_site.check_exactly({network.id_of(network.posts[1])})
    redis_site.configure([network.source(everything=True, name="own")])
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())


FEED_REFUSALS = {
    "a page": (error(200, "<!DOCTYPE html><html><body>We value your privacy"), "web page instead of a feed", "trying again"),
    "nothing": (error(200, ""), "neither RSS, Atom nor JSON Feed", "trying again"),
    "gone": (error(410, "gone"), "gone for good", "source stopped"),
    "login": (error(401, ""), "not logged in", "source stopped"),
    "busy": (error(503, "<html>", Retry_After=7), "server error", "trying again"),
    "too many": (error(429, "", Retry_After=7), "next_try_in=[78]s", "asks us to wait"),
}


@pytest.mark.parametrize("name", FEED_REFUSALS)
def test_feed_refuses(redis_site, name):
    reply, says, kind = FEED_REFUSALS[name]
    check_refusal(redis_site, redis_site.add(Feed(posts(0, 3))), reply, says, kind)
