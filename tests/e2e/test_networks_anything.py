"""Feeds, JSON APIs and chats: what has no search and no one shape."""
import json
import signal

import pytest

from lib import anyjson
from lib.anyjson import AnyJson
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


def test_json_goes_forward_by_its_cursor(redis_site):
    """The cursor is the network's word, kept over restarts; late items behind it are that network's loss, not ours."""
    network = redis_site.add(AnyJson(posts(0, 120)))
    redis_site.configure([network.source(by="cursor")])
    env = {"SHOP_KEY": anyjson.KEY}
    assert redis_site.once(env=env).status == 0
    network.post(*posts(120, 70, minutes=1))
    before = len(network.web.requests)
    assert redis_site.once(env=env).status == 0
    redis_site.check_exactly(network.ids())
    assert redis_site.cursor("reviews")[0] == {"low": "189"}
    assert network.web.requests[before].param("after") == "119"


def test_json_key_is_never_shown(redis_site):
    """A wrong key stops the source; neither the log nor Redis hold the right or the wrong one."""
    network = redis_site.add(AnyJson(posts(0, 3)))
    redis_site.configure([network.source()], log={"level": "debug"})
    daemon = redis_site.listen(env={"SHOP_KEY": "wr0ng-key"})
    daemon.wait_log("source stopped", 30)
    assert daemon.stop() == 0
    assert network.web.requests[0].headers["X-Key"] == "wr0ng-key"
    assert not daemon.log_lines("wr0ng-key")


JSON_REFUSALS = {
    "waits": (error(200, {"wait": 7}), {"wait_at": "/wait"}, "next_try_in=[78]s", "asks us to wait"),
    "errors": (error(200, {"error": "down for repairs", "items": []}), {"error_at": "/error"}, "down for repairs",
               "trying again"),
    "mapping": (error(200, {"entries": []}), {}, "no list at items_at '/items'", "trying again"),
}


@pytest.mark.parametrize("name", JSON_REFUSALS)
def test_json_refuses(redis_site, name):
    reply, options, says, kind = JSON_REFUSALS[name]
    redis_site.env["SHOP_KEY"] = anyjson.KEY
    check_refusal(redis_site, redis_site.add(AnyJson(posts(0, 3))), reply, says, kind, options)
