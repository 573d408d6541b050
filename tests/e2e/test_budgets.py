"""What a network lets us ask: its headers, its 429, and the quotas that an account's owner sets."""
import signal

from lib.hackernews import HackerNews, comment
from lib.mastodon import Mastodon, status
from lib.posts import now_ms
from lib.waiting import wait_for
from lib.web import Reply


def held(site, name, why):
    """Waits until the source says that it waits, and why."""
    wait_for(lambda: (site.source_health(name) or {}).get("why") == why, 30,
             lambda: f"{name}: {site.source_health(name)}")
    return site.source_health(name)


def test_a_429s_wait_survives_reload_and_restart(redis_site):
    """Retry-After is the account's: neither SIGHUP nor a new process asks before it is over."""
    network = redis_site.add(HackerNews([comment(1)]))
    network.before = lambda request: Reply({"message": "slow down"}, 429, {"Retry-After": "3600"})
    redis_site.configure([network.source("one"), network.source("two")])
    daemon = redis_site.listen()
    network.web.wait_requests(1, 30)
    daemon.wait_log("network asks us to wait", 30)
    wait_for(lambda: redis_site.redis.keys("mentiond:{@*}:spent"), 30, "the wait to be kept")
    network.before = lambda request: None
    asked = len(network.web.requests)
    redis_site.redis.call("DEL", "mentiond:{@ops}:sources")
    daemon.send_signal(signal.SIGHUP)
    for name in ("one", "two"):
        health = held(redis_site, name, "the network asked to wait")
        assert health["next_poll"] > now_ms() + 3000_000
    assert daemon.stop() == 0
    redis_site.redis.call("DEL", "mentiond:{@ops}:sources")
    redis_site.listen()
    for name in ("one", "two"):
        held(redis_site, name, "the network asked to wait")
    assert len(network.web.requests) == asked <= 4


def test_an_empty_budget_is_not_overdrawn(redis_site):
    """Remaining 0 on a good reply: no request before the reset, of any source of the host."""
    network = redis_site.add(HackerNews([comment(1)]))
    spent = []

    def last_of_the_window(request):
        reply = network._page(request, [])
        spent.append(1)
        return Reply(reply, headers={"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0",
                                     "X-RateLimit-Reset": str(now_ms() // 1000 + 1800)})

    network.before = last_of_the_window
    redis_site.configure([network.source("one")])
    daemon = redis_site.listen()
    network.web.wait_requests(1, 30)
    wait_for(lambda: (redis_site.source_health("one") or {}).get("last_success"), 30, "the first poll")
    assert redis_site.source_health("one")["budget_left"] == 0
    daemon.send_signal(signal.SIGHUP)  # polls at once, if it may
    health = held(redis_site, "one", "rate limit")
    assert now_ms() + 1700_000 < health["next_poll"] < now_ms() + 1810_000
    assert len(spent) == 1


def test_a_quota_slows_down_and_says_so(redis_site):
    """20 units a day: one may go out at once, the next ones are spread over the day, across restarts."""
    network = redis_site.add(Mastodon([status(1)]))
    account = {"type": "mastodon", "instance": network.url, "token": "${T}", "units_per_day": 20,
               "day_starts": f"{now_ms() // 1000 % 86400}s"}
    redis_site.env["T"] = "a-token"
    redis_site.configure([{"name": "tags", "type": "mastodon", "account": "m", "hashtags": ["acme"],
                           "interval": "10s"}], accounts={"m": account})
    daemon = redis_site.listen()
    held(redis_site, "tags", "daily quota")
    asked = len(network.web.requests)
    assert asked >= 1
    event = redis_site.ops_events("budget.slowed")[0]
    assert (event["account"], event["unit"], event["limit"]) == ("m", "units a day", "20")
    assert daemon.complaints("quota would not last")
    assert daemon.stop() == 0
    redis_site.redis.call("DEL", "mentiond:{@ops}:sources")
    redis_site.listen()
    held(redis_site, "tags", "daily quota")
    assert len(network.web.requests) == asked
