"""No source stops, floods, lags behind or falls silent without a word: events of the daemon, once each."""
import json
import signal

from lib.hackernews import HackerNews, comment
from lib.mastodon import Mastodon, status
from lib.posts import now_ms
from lib.site import SOURCES
from lib.waiting import wait_for
from lib.web import Reply

WISHES = "mentiond:{@ops}:wishes"


def wait_event(site, kind, n=1):
    wait_for(lambda: len(site.ops_events(kind)) >= n, 30, lambda: f"{n} {kind}: {site.ops_events()[-3:]}")
    return site.ops_events(kind)


def test_a_page_limit_is_a_gap_until_it_is_filled(redis_site):
    """Two pages a poll, 700 new hits: the event says from when to when, and the second one that they have come."""
    base = now_ms() // 1000 - 7200
    network = redis_site.add(HackerNews([comment(n, created_s=base + n) for n in range(5)]))
    redis_site.configure([network.source(max_pages=2, overlap="0s")])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids(), 30)
    wait_for(lambda: (redis_site.source_health("hn") or {}).get("reached") == (base + 4) * 1000, 30, "the first walk")
    network.post(*[comment(n, created_s=base + n) for n in range(5, 705)])
    daemon.send_signal(signal.SIGHUP)
    redis_site.wait_heard(network.ids(), 60)
    filled = wait_event(redis_site, "gap.filled")[0]
    gap = redis_site.ops_events("gap")[0]
    assert gap["source"] == "hn" and gap["brand"] == "acme"
    assert int(gap["from"]) == (base + 4) * 1000 < int(gap["to"]) < (base + 704) * 1000
    assert (filled["from"], filled["to"]) == (gap["from"], gap["to"])
    assert len(redis_site.ops_events("gap")) == 1
    redis_site.check_exactly(network.ids())


def test_a_flood_is_slowed_and_loses_nothing(redis_site):
    network = redis_site.add(Mastodon([status(1)]))
    redis_site.configure([network.source(max_per_minute=60)])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids(), 30)
    network.post(*[status(n) for n in range(2, 102)])
    daemon.send_signal(signal.SIGHUP)
    event = wait_event(redis_site, "source.flooding")[0]
    assert event["max_per_minute"] == "60"
    assert daemon.complaints("source floods")
    wait_for(lambda: (redis_site.source_health("tags") or {}).get("why") == "too many mentions a minute", 30, "why")
    redis_site.wait_heard(network.ids(), 100)
    redis_site.check_exactly(network.ids())


def test_failing_and_recovered_are_said_once_each(redis_site):
    network = redis_site.add(Mastodon([status(1)]))
    network.before = lambda request: Reply({"error": "The access token was revoked"}, 401)
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    failing = wait_event(redis_site, "source.failing")
    assert "401" in failing[0]["error"] and int(failing[0]["next_try"]) > now_ms()
    daemon.send_signal(signal.SIGHUP)
    network.web.wait_requests(2, 30)
    wait_for(lambda: redis_site.source_health("tags")["state"] == "stopped", 30, "the second refusal")
    network.before = lambda request: None
    redis_site.redis.call("HSET", WISHES, "poll|acme/tags", str(now_ms()))
    wait_event(redis_site, "source.recovered")
    redis_site.wait_heard(network.ids(), 30)
    assert len(redis_site.ops_events("source.failing")) == len(redis_site.ops_events("source.recovered")) == 1
    wait_for(lambda: not redis_site.redis.call("HGETALL", WISHES), 30, "the wish to be taken")


def test_a_silent_source_is_noticed(redis_site):
    """Its own history says ten an hour; nothing for five hours is said, and that it talks again too."""
    network = redis_site.add(Mastodon([status(1)]))
    redis_site.configure([network.source()])
    assert redis_site.once().status == 0
    health = redis_site.source_health("tags")
    health.update(history=[1000, 100] * 24, heard_at=now_ms() - 5 * 3600_000)
    redis_site.redis.call("HSET", SOURCES, "acme/tags", json.dumps(health))
    daemon = redis_site.listen()
    quiet = wait_event(redis_site, "source.quiet")[0]
    assert 45 <= int(quiet["expected"]) <= 55 and int(quiet["since"]) == health["heard_at"]
    assert daemon.complaints("source is silent")
    wait_for(lambda: redis_site.source_health("tags")["said"] == 2, 30, "it to be kept")
    network.post(status(2))
    daemon.send_signal(signal.SIGHUP)
    wait_event(redis_site, "source.talks")
    assert len(redis_site.ops_events("source.quiet")) == 1


def test_pause_holds_over_a_restart_until_resumed(redis_site):
    network = redis_site.add(Mastodon([status(1)]))
    redis_site.configure([network.source()])
    redis_site.redis.call("HSET", WISHES, "pause|acme/tags", str(now_ms()))
    for _ in range(2):
        daemon = redis_site.listen()
        wait_for(lambda: (redis_site.source_health("tags") or {}).get("state") == "paused", 30, "the pause")
        redis_site.redis.call("DEL", SOURCES)
        assert daemon.stop() == 0
    asked = len(network.web.requests)
    redis_site.listen()
    wait_for(lambda: (redis_site.source_health("tags") or {}).get("state") == "paused", 30, "the pause")
    network.post(status(2))
    redis_site.redis.call("HDEL", WISHES, "pause|acme/tags")
    redis_site.wait_heard(network.ids(), 30)
    assert len(network.web.requests) > asked


def test_an_open_outage_shortens_the_interval(redis_site):
    """What is said about the brand is wanted as soon as it may be had, until it is over."""
    network = redis_site.add(Mastodon([status(1, "thanks acme")]))
    redis_site.configure([network.source(interval="60s")], brand={"outages": "on"})
    redis_site.listen()
    redis_site.wait_heard(network.ids(), 30)  # what the first look finds is no news
    network.post(*[status(n, "acme login is down", created_ms=now_ms() - 20_000 + n * 100) for n in range(2, 62)])
    redis_site.redis.call("HSET", WISHES, "poll|acme/tags", str(now_ms()))
    wait_for(lambda: redis_site.events("outage.opened"), 90, "an outage")
    wait_for(lambda: (redis_site.source_health("tags") or {}).get("why") == "an outage is open", 90,
             lambda: redis_site.source_health("tags"))
    health = redis_site.source_health("tags")
    assert health["next_poll"] - health["last_poll"] < 20_000
