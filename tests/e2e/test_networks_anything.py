"""Feeds, JSON APIs and chats: what has no search and no one shape."""
import json
import signal

import pytest

from lib import anyjson, discord, telegram
from lib.anyjson import AnyJson
from lib.discord import Discord
from lib.feed import Feed
from lib.posts import now_ms
from lib.telegram import Telegram
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


# chats -------------------------------------------------------------------------------------------


def test_telegram_confirms_only_what_is_stored(redis_site):
    """An update is gone for ever once a higher offset was asked for: that is asked after the mentions are in Redis."""
    network = redis_site.add(Telegram([*posts(0, 150), Post(150, None, now_ms()), *posts(151, 10)]))
    redis_site.configure([network.source()], accounts={"one": network.account()})
    redis_site.env["TELEGRAM_TOKEN"] = telegram.TOKEN
    seen = []
    network.before = lambda request: seen.append((int(request.param("offset") or 0), len(redis_site.mention_ids())))
    assert redis_site.once().status == 0
    assert [n for _, n in seen] == [0, 100, 160]
    assert seen[-1][0] == telegram.FIRST_UPDATE + 161 == network.confirmed
    redis_site.check_exactly({network.id_of(p) for n, p in network.posts.items() if n != 150})


def test_telegram_token_is_never_shown(redis_site):
    """It is part of the address: not in the log, whatever goes wrong."""
    network = redis_site.add(Telegram(posts(0, 3)))
    redis_site.configure([network.source()], accounts={"one": network.account()}, log={"level": "debug"})
    network.before = lambda request: None
    network.answer = lambda request: None  # hangs up
    daemon = redis_site.listen(env={"TELEGRAM_TOKEN": telegram.TOKEN})
    daemon.wait_log("poll failed", 30)
    assert daemon.stop() == 0
    assert network.web.requests[0].path.startswith(f"/bot{telegram.TOKEN}/")
    assert not daemon.log_lines("ABC-secret")


def test_telegram_wants_a_bot_for_each_source(site):
    account = {"type": "telegram", "token": "${TELEGRAM_TOKEN}"}
    site.configure([Telegram.source("a"), Telegram.source("b")], accounts={"one": account})
    done = site.mentiond("--check", "--config", site.folder / "config.yaml")
    assert done.returncode == 2
    assert "each needs a bot of its own" in done.stdout + done.stderr


TELEGRAM_REFUSALS = {
    "revoked": (Telegram.refuse(401, "Unauthorized"), "token was revoked", "source stopped"),
    "webhook": (Telegram.refuse(409, "Conflict: can't use getUpdates method while webhook is active"), "deleteWebhook",
                "source stopped"),
    "another": (Telegram.refuse(409, "Conflict: terminated by other getUpdates request"), "another program.*=3[01]s",
                "asks us to wait"),
    "busy": (Telegram.refuse(429, "Too Many Requests: retry after 7", retry_after=7), "next_try_in=[78]s", "asks us to wait"),
    "proxy": (error(502, "<html><title>502 Bad Gateway"), "server error", "trying again"),
}


@pytest.mark.parametrize("name", TELEGRAM_REFUSALS)
def test_telegram_refuses(redis_site, name):
    reply, says, kind = TELEGRAM_REFUSALS[name]
    redis_site.env["TELEGRAM_TOKEN"] = telegram.TOKEN
    check_refusal(redis_site, redis_site.add(Telegram(posts(0, 3))), reply, says, kind)


DISCORD_REFUSALS = {
    "token": (Discord.refuse(401, 0, "401: Unauthorized"), "401: Unauthorized", "source stopped"),
    "access": (Discord.refuse(403, 50001, "Missing Access"), "Missing Access .50001", "source stopped"),
    "channel": (Discord.refuse(404, 10003, "Unknown Channel"), "Unknown Channel", "source stopped"),
    "busy": (Discord.refuse(429, 0, "You are being rate limited.", retry_after=6.57), "rate limited.*next_try_in=[67]s",
             "asks us to wait"),
    "cloudflare": (error(429, "<html>", Retry_After=7), "next_try_in=[78]s", "asks us to wait"),
}


@pytest.mark.parametrize("name", DISCORD_REFUSALS)
def test_discord_refuses(redis_site, name):
    reply, says, kind = DISCORD_REFUSALS[name]
    redis_site.env["DISCORD_TOKEN"] = discord.TOKEN
    check_refusal(redis_site, redis_site.add(Discord(posts(0, 3))), reply, says, kind)


def test_discord_says_that_it_sees_nothing(redis_site):
    """Without the MESSAGE CONTENT intent all texts are empty and nothing else says so; nothing is passed over."""
    network = redis_site.add(Discord(posts(0, 20)))
    network.edited = {n: "" for n in range(20)}
    redis_site.configure([network.source()], accounts={"one": network.account()})
    redis_site.env["DISCORD_TOKEN"] = discord.TOKEN
    assert redis_site.once().complaints("MESSAGE CONTENT intent")
    network.edited = {}
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())
