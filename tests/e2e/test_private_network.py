"""A source reaches public addresses only, unless it is allowed more: what it says, and that one may be allowed."""
from lib.mastodon import Mastodon, status
from lib.waiting import wait_for


def test_only_the_source_that_may_is_answered(redis_site):
    network = redis_site.add(Mastodon([status(1)]))
    other = redis_site.add(Mastodon([status(2)]))
    redis_site.configure([network.source("mine", allow_private=True), other.source("theirs")],
                         http={"allow_private": False})
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids(), 30)
    line = daemon.wait_log("source stopped.*source=theirs", 30)
    assert "not public" in line and "allow_private" in line
    wait_for(lambda: (redis_site.source_health("theirs") or {}).get("state") == "stopped", 30, "its state")
    assert not other.web.requests
