"""Posts that are published while they are polled for, by networks that repeat and reorder pages, show posts late, take
them back, and refuse in their own words: each post becomes one mention."""
import json
import signal

import pytest

from lib import x
from lib.posts import now_ms
from lib.busy import cut_off, html_instead, wait_until_shown
from lib.x import X

SECRETS = {"X_TOKEN": x.TOKEN}
SECONDS = 60


class Case:
    """How a network is made, its posts too, and its own ways of refusing."""

    def __init__(self, make, post, account=None, troubles=()):
        self.make, self.post, self.account, self.troubles = make, post, account, troubles


CASES = {
    "x": Case(X, x.post, "x", [X.too_many]),
    "x-tweet": Case(lambda posts: X(posts, dialect="tweet"), x.post, "x", [X.too_many]),
}


def configure(site, network, account, **more):
    site.env.update(SECRETS)
    site.configure([network.source(**more)], accounts={account: network.account()} if account else {})


@pytest.mark.parametrize("name", CASES)
def test_each_post_is_one_mention(redis_site, name):
    case = CASES[name]
    network = redis_site.add(case.make([case.post(n) for n in range(230)]))
    configure(redis_site, network, case.account)
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids(), SECONDS)
    for round_ in range(4):
        base = 1000 * (round_ + 1)
        new = [case.post(base + n) for n in range(60)]
        network.shuffled, network.repeats = round_ % 2 == 1, round_ % 3
        network.troubles = [[cut_off], [lambda r, t=t: t(network, r) for t in case.troubles], [html_instead], []][round_]
        network.post(*new[:20])
        daemon.send_signal(signal.SIGHUP)  # polls at once
        late = case.post(base + 900, created_ms=now_ms() - 60_000)
        network.post_late(late, 0.5)  # a minute old when it is first seen
        network.post(*new[20:])
        network.delete(new[59])  # never seen, or seen and gone
        redis_site.wait_heard(network.ids() - {network.id_of(late)}, SECONDS)
    wait_until_shown(network)
    network.shuffled = False
    daemon.send_signal(signal.SIGHUP)
    redis_site.wait_heard(network.ids(), SECONDS)
    assert daemon.stop() == 0
    deleted = {network.id_of(p) for p in network.deleted}
    redis_site.check_exactly(network.ids() | (deleted & redis_site.mention_ids()))


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
