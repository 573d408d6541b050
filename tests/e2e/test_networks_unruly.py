"""Networks as they are: pages come repeated and in any order, posts a minute late, others are taken back while the daemon
reads. Every post is heard once. And each network's own way of refusing."""
import json
import re
import signal

import pytest

from lib import anyjson, discord, github, meta, telegram
from lib.anyjson import AnyJson
from lib.app_stores import AppStore, GooglePlay
from lib.discord import Discord
from lib.discourse import Discourse
from lib.feed import Feed
from lib.github import GitHub
from lib.meta import Facebook, Instagram, Threads
from lib.posts import now_ms, text_of
from lib.telegram import Telegram
from lib.unruly import Post, error, minutes_ago
from lib.waiting import wait_for


def posts(start, n, minutes=30, late=False):
    """`n` posts a second apart, the last of them `minutes` ago."""
    return [Post(i, text_of(i), minutes_ago(minutes) - (n - 1 - (i - start)) * 1000, late) for i in range(start, start + n)]


GITHUB_ENV = {"GITHUB_TOKEN": github.TOKEN}
META_ENV = {"META_TOKEN": meta.TOKEN}
NETWORKS = {
    "discourse": lambda: (Discourse(unruly=True), {}, {}),
    "telegram": lambda: (Telegram(unruly=True), {}, {"TELEGRAM_TOKEN": telegram.TOKEN}),
    "discord": lambda: (Discord(unruly=True), {}, {"DISCORD_TOKEN": discord.TOKEN}),
    "json": lambda: (AnyJson(unruly=True), {}, {"SHOP_KEY": anyjson.KEY}),
    "feed": lambda: (Feed(unruly=True), {}, {}),
    "discourse search": lambda: (Discourse(unruly=True), {"query": "acme"}, {}),
    "github issues": lambda: (GitHub(unruly=True), {}, GITHUB_ENV),
    "github discussions": lambda: (GitHub(unruly=True), {"look": "discussions"}, GITHUB_ENV),
    "github comments": lambda: (GitHub(unruly=True), {"look": "comments", "repository": "acme/acme"}, GITHUB_ENV),
    "threads search": lambda: (Threads(unruly=True), {"query": "acme"}, META_ENV),
    "threads mentions": lambda: (Threads(unruly=True), {}, META_ENV),
    "facebook tagged": lambda: (Facebook(unruly=True), {}, META_ENV),
    "facebook feed": lambda: (Facebook(unruly=True), {"edge": "feed"}, META_ENV),
    "appstore": lambda: (AppStore(unruly=True), {}, {}),
    "googleplay": lambda: (GooglePlay(unruly=True), {}, {}),
    "instagram tags": lambda: (Instagram(unruly=True), {}, META_ENV),
    "instagram comments": lambda: (Instagram(unruly=True, login="instagram"), {"watch": "comments"}, META_ENV),
    "instagram hashtag": lambda: (Instagram(unruly=True), {"watch": "hashtag", "hashtag": "acme"}, META_ENV),
}


def poll_until_heard(site, daemon, ids, seconds=30):
    """SIGHUP polls at once; a poll that met a page from somebody's cache is followed by another."""
    def heard():
        if ids <= site.mention_ids():
            return True
        daemon.send_signal(signal.SIGHUP)
        return False
    wait_for(heard, seconds, lambda: f"missing {sorted(ids - site.mention_ids())[:5]}; {daemon.lines[-5:]}", every=0.3)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_post_is_heard_once(redis_site, name):
    network, options, env = NETWORKS[name]()
    redis_site.add(network)
    network.post(*posts(0, 140))
    accounts = {"one": network.account()} if hasattr(network, "account") else {}
    redis_site.configure([network.source(**options)], accounts=accounts)
    daemon = redis_site.listen(env=env)
    redis_site.wait_heard(network.ids(), 30)
    deleted = set()
    for start, late in ((200, 203), (300, 303), (400, 403)):
        network.post(*posts(start, 60, minutes=2), *posts(late + 60, 5, minutes=3, late=True))
        network.take_back(start - 100 if start > 200 else 100, start + 7)
        deleted |= {start - 100 if start > 200 else 100, start + 7}
        poll_until_heard(redis_site, daemon, network.ids(gone=False))
        network.let_out()
        poll_until_heard(redis_site, daemon, network.ids(gone=False))
    assert daemon.stop() == 0
    gone = {network.id_of(network.posts[n]) for n in deleted}
    heard = [e["id"] for e in redis_site.events("mention.heard")]
    assert len(heard) == len(set(heard)), "none twice"
    assert redis_site.mention_ids() - gone == network.ids(gone=False)
    assert set(heard) <= network.ids()
    assert not daemon.complaints("not understood|could not give back everything|stopped")
    assert network.n_repeated > 0 or name == "github comments"  # their list has no later pages


def check_refusal(site, network, reply, says, kind, options=None, env=None):
    """One refusal by the network: what the log says of it, and that a later poll works again."""
    refused = []

    def refuse(request):
        if network.is_page(request) and not refused:
            refused.append(request)
            return reply
        return None

    network.before = refuse
    accounts = {"one": network.account()} if hasattr(network, "account") else {}
    site.configure([network.source(**(options or {}))], accounts=accounts)
    daemon = site.listen(env=env)
    line = daemon.wait_log(kind, 30)
    assert re.search(says, line), line
    return daemon, line


DISCOURSE_REFUSALS = {
    "request limiter": (error(429, "Slow down, too many requests from this IP address.\nPlease retry again in 7 seconds.\n"
                                   "Error code: ip_10_secs_limit.", Retry_After=7, Content_Type="text/plain"),
                        "next_try_in=[78]s", "asks us to wait"),
    "search": (error(429, {"failed": "FAILED", "message": "You've performed this action too many times"}),
               "too many times.*next_try_in=\"?(1m|60s|61s)", "asks us to wait"),
    "action": (error(429, {"errors": ["Please wait."], "error_type": "rate_limit", "extras": {"wait_seconds": 42}}),
               "Please wait.*next_try_in=4[23]s", "asks us to wait"),
    "login page": (error(200, "<!DOCTYPE html><html><form action=/login>"), "does the forum need a key", "trying again"),
    "key": (error(403, {"errors": ["You need to be logged in to do that."], "error_type": "not_logged_in"}),
            "logged in", "source stopped"),
}


@pytest.mark.parametrize("name", DISCOURSE_REFUSALS)
def test_discourse_refuses(redis_site, name):
    reply, says, kind = DISCOURSE_REFUSALS[name]
    check_refusal(redis_site, redis_site.add(Discourse(posts(0, 3))), reply, says, kind)


def test_discourse_takes_everything_of_the_own_forum(redis_site):
    """Elsewhere posts need the brand's terms."""
    network = redis_site.add(Discourse([Post(1, "acme is down", now_ms()), Post(2, "it is down", now_ms())]))
    redis_site.configure([network.source()])
    assert redis_site.once().status == 0
    redis_site.check_exactly({network.id_of(network.posts[1])})
    redis_site.configure([network.source(everything=True, name="own")])
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())


GITHUB_REFUSALS = {
    "primary limit": (error(403, {"message": "API rate limit exceeded for user ID 1."},
                            **GitHub.limits("search", 30, 0)), "rate limit exceeded.*next_try_in=[0-9]+s",
                      "asks us to wait"),
    "secondary limit": (error(403, {"message": "You have exceeded a secondary rate limit."},
                              **GitHub.limits("search", 30, 17, Retry_After="77")), "secondary rate limit.*next_try_in=1m ",
                        "asks us to wait"),
    "forbidden": (error(403, {"message": "Resource protected by organization SAML enforcement"},
                        **GitHub.limits("search", 30, 17)), "SAML", "source stopped"),
    "no credentials": (error(401, {"message": "Bad credentials"}), "Bad credentials", "source stopped"),
    "query": (error(422, {"message": "Validation Failed", "errors": []}), "Validation Failed", "source stopped"),
}


@pytest.mark.parametrize("name", GITHUB_REFUSALS)
def test_github_refuses(redis_site, name):
    reply, says, kind = GITHUB_REFUSALS[name]
    daemon, _ = check_refusal(redis_site, redis_site.add(GitHub(posts(0, 3))), reply, says, kind, env=GITHUB_ENV)
    assert not daemon.log_lines(github.TOKEN)


def test_github_graphql_errors_come_with_200(redis_site):
    reply = error(200, {"data": None, "errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]})
    check_refusal(redis_site, redis_site.add(GitHub(posts(0, 3))), reply, "RATE_LIMITED", "asks us to wait",
                  {"look": "discussions"}, GITHUB_ENV)


def test_github_passes_the_wall(redis_site):
    """Of one search only 1,000 results can be had."""
    network = redis_site.add(GitHub(posts(0, 2300)))
    redis_site.configure([network.source()], accounts={"one": network.account()})
    assert redis_site.once(env=GITHUB_ENV).status == 0
    redis_site.check_exactly(network.ids())


def test_github_reads_incomplete_results_again(redis_site):
    """A search that ran out of time left results out: the cursor stays until one is complete."""
    network = redis_site.add(GitHub(posts(0, 20)))
    network.incomplete = 1
    redis_site.configure([network.source()], accounts={"one": network.account()})
    assert redis_site.once(env=GITHUB_ENV).status == 0
    assert len(redis_site.mention_ids()) == 10
    assert redis_site.once(env=GITHUB_ENV).status == 0
    redis_site.check_exactly(network.ids())


META_REFUSALS = {
    "expired": (meta.refuse(400, 190, f"Error validating access token {meta.TOKEN}", error_subcode=463),
                "190/463, the token expired", "source stopped"),
    "permission": (meta.refuse(403, 10, "This endpoint requires the 'pages_read_engagement' permission"),
                   "pages_read_engagement", "source stopped"),
    "limit": (meta.refuse(400, 80001, headers={"X-Business-Use-Case-Usage":
                                               '{"1928":[{"type":"pages","estimated_time_to_regain_access":19}]}'}),
              "next_try_in=19m", "asks us to wait"),
    "app limit": (meta.refuse(403, 4, "Application request limit reached"), "next_try_in=30m", "asks us to wait"),
    "trouble": (meta.refuse(500, 2, "An unexpected error has occurred", is_transient=True), "unexpected error",
                "trying again"),
    "token in words": (meta.refuse(400, 100, f"Cannot parse access token {meta.TOKEN}"), "access token \\*\\*\\*",
                       "source stopped"),
}


@pytest.mark.parametrize("name", META_REFUSALS)
def test_graph_refuses(redis_site, name):
    reply, says, kind = META_REFUSALS[name]
    daemon, _ = check_refusal(redis_site, redis_site.add(Facebook(posts(0, 3))), reply, says, kind, env=META_ENV)
    assert not daemon.log_lines(meta.TOKEN)


@pytest.mark.parametrize("network", [Threads, Facebook, Instagram])
def test_no_token_in_logs_or_cursors(redis_site, network):
    """Every `next` URL holds the token. Neither it nor its token is written down, but in the session of those that are
    renewed."""
    one = redis_site.add(network(posts(0, 160)))
    settings = redis_site.settings([one.source(max_pages=1)], accounts={"one": one.account()}, log={"level": "debug"})
    redis_site.write_config(settings)
    daemon = redis_site.listen(env=META_ENV)
    cursors = []

    def walked():
        cursors.append(redis_site.cursor("meta")[0])
        return one.ids() <= redis_site.mention_ids()

    wait_for(walked, 30, "all pages", every=0.05)
    assert daemon.stop() == 0
    assert any(c and c.get("walk", {}).get("next", "").startswith("after ") for c in cursors)
    for token in (meta.TOKEN, meta.RENEWED):
        assert not daemon.log_lines(token)
        assert not any(token in str(c) for c in cursors)
        for key in redis_site.redis.keys("*"):
            if not key.endswith(":session"):
                assert token not in str(redis_site.dump(key)), key


def test_threads_renews_its_token(redis_site):
    """Once a week; the renewed one is used, and kept over restarts."""
    network = redis_site.add(Threads(posts(0, 3)))
    redis_site.configure([network.source()], accounts={"one": network.account()})
    for _ in range(3):
        assert redis_site.once(env=META_ENV).status == 0
    assert network.renewals == 1
    network.tokens.discard(meta.TOKEN)
    network.post(*posts(10, 3, minutes=1))
    assert redis_site.once(env=META_ENV).status == 0
    redis_site.check_exactly(network.ids())


def test_appstore_asks_again_where_a_feed_is_empty(redis_site):
    """Sometimes the feed has no reviews, depending on how its address is written: no reason to stop or to forget."""
    network = redis_site.add(AppStore(posts(0, 60)))
    network.empty = 1
    redis_site.configure([network.source()])
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())
    network.empty = 2
    assert redis_site.once().status == 0
    network.post(*posts(100, 1, minutes=1))
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())


def test_appstore_says_what_five_hundred_reviews_leave_out(redis_site):
    network = redis_site.add(AppStore(posts(0, 10, minutes=600)))
    redis_site.configure([network.source(overlap="1m")])
    assert redis_site.once().status == 0
    network.post(*posts(100, 600, minutes=1))
    daemon = redis_site.once()
    assert daemon.complaints("could not give back everything")
    assert len(redis_site.mention_ids()) == 510


def test_googleplay_logs_in_once_and_again(redis_site):
    """One assertion for the hour, over restarts; a refused token is replaced; the key is in no log and no key of Redis."""
    network = redis_site.add(GooglePlay(posts(0, 3)))
    redis_site.write_config(redis_site.settings([network.source()], accounts={"one": network.account()},
                                                log={"level": "debug"}))
    for _ in range(3):
        daemon = redis_site.once()
        assert daemon.status == 0
    assert network.logins == 1
    assert not daemon.log_lines("PRIVATE|ya29|assertion")
    session = json.loads(redis_site.redis.call("GET", "mentiond:{@one}:session"))
    session["obtained_at"] -= 600_000
    redis_site.redis.call("SET", "mentiond:{@one}:session", json.dumps(session))
    network.token = "revoked"
    assert redis_site.once().status == 0
    assert network.logins == 2
    line = network.private_key.splitlines()[3]
    for key in redis_site.redis.keys("*"):
        assert line not in str(redis_site.dump(key)), key


GOOGLE_REFUSALS = {
    "permission": (GooglePlay.refuse(403, "PERMISSION_DENIED", "The caller does not have permission"),
                   "does not have permission", "source stopped"),
    "rate": (GooglePlay.refuse(403, "x", "Rate Limit Exceeded", errors=[{"reason": "rateLimitExceeded"}]),
             "Rate Limit.*next_try_in=5m", "asks us to wait"),
    "quota": (GooglePlay.refuse(429, "RESOURCE_EXHAUSTED", "Quota exceeded"), "Quota.*next_try_in=5m", "asks us to wait"),
    "trouble": (GooglePlay.refuse(503, "UNAVAILABLE", "The service is currently unavailable."), "unavailable", "trying again"),
}


@pytest.mark.parametrize("name", GOOGLE_REFUSALS)
def test_googleplay_refuses(redis_site, name):
    reply, says, kind = GOOGLE_REFUSALS[name]
    check_refusal(redis_site, redis_site.add(GooglePlay(posts(0, 3))), reply, says, kind)


def test_googleplay_wrong_key_is_said_without_showing_it(redis_site):
    network = redis_site.add(GooglePlay(posts(0, 3)))
    with open(network.key_file, "w") as out:
        json.dump({"client_email": "a@b", "private_key": "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END"}, out)
    redis_site.configure([network.source()], accounts={"one": network.account()})
    daemon = redis_site.listen()
    assert "not a private RSA key" in daemon.wait_log("source cannot ask", 30)
    assert not daemon.log_lines("c2VjcmV0")
    assert network.logins == 0
