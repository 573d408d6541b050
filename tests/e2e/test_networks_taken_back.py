"""What was heard and is deleted or edited on its network afterwards: erased, or judged anew, with the poll that hears of
it. Some networks say so in their pages, others only when asked about a post by its id. docs/sources.md names those that
never tell."""
import functools
import re

import pytest

from lib import anyjson, bluesky, discord, github, lemmy, mastodon, meta, reddit, stackexchange, telegram, x, youtube
from lib.anyjson import AnyJson
from lib.app_stores import AppStore, GooglePlay
from lib.bluesky import Bluesky
from lib.discord import Discord
from lib.discourse import Discourse
from lib.feed import Feed
from lib.github import GitHub
from lib.lemmy import Lemmy
from lib.mastodon import Mastodon
from lib.posts import now_ms
from lib.reddit import Reddit
from lib.stackexchange import StackExchange
from lib.telegram import Telegram
from lib.unruly import Post, minutes_ago
from lib.waiting import wait_for
from lib.x import X
from lib.youtube import Comments, YouTube

WISHES = "mentiond:{@ops}:wishes"
SECRETS = {"X_TOKEN": x.TOKEN, "REDDIT_SECRET": "s3cret", "YT_KEY": youtube.KEY, "TELEGRAM_TOKEN": telegram.TOKEN,
           "DISCORD_TOKEN": discord.TOKEN, "SHOP_KEY": anyjson.KEY, "GITHUB_TOKEN": github.TOKEN, "META_TOKEN": meta.TOKEN,
           "MASTODON_TOKEN": mastodon.TOKEN}


def words(n):
    return f"the service at acme is terrible, says witness{n}"


def plain(n):
    return Post(n, words(n), minutes_ago(20) + n * 1000)


def published(module_post):
    return lambda n: module_post(n, text=words(n))


class Case:
    """`account`: its name where the network has one. `asks`: the paths of look-ups, where posts are looked up."""

    def __init__(self, make, post=plain, account=None, asks=None, **options):
        self.make, self.post, self.account, self.asks, self.options = make, post, account, asks, options


LOOKED_UP = {
    "mastodon": Case(Mastodon, published(mastodon.status), asks="/api/v1/statuses/"),
    "bluesky": Case(Bluesky, published(bluesky.post), "bsky", "getPosts"),
    "x": Case(X, published(x.post), "x", "/2/tweets$"),
    "reddit": Case(Reddit, published(reddit.thing), "reddit", "/api/info"),
    "youtube": Case(YouTube, published(youtube.video), "yt", "/videos"),
    "youtube-comments": Case(Comments, published(youtube.comment), "yt", "/comments$"),
    "lemmy": Case(Lemmy, published(lemmy.mixed), asks="/api/v3/(comment|post)$"),
    "lemmy-0.18": Case(functools.partial(Lemmy, version="0.18"), published(lemmy.mixed), asks="/api/v3/(comment|post)$"),
    "stackexchange": Case(StackExchange, published(stackexchange.question), asks="/2.3/questions/"),
    "discourse": Case(Discourse, asks=r"/posts/\d+"),
    "discord": Case(Discord, account="one", asks=r"/messages/\d+"),
}
TOLD = {
    "reddit": Case(Reddit, published(reddit.thing), "reddit", "/api/info"),
    "lemmy": Case(Lemmy, published(lemmy.mixed), asks="/api/v3/(comment|post)$"),
    "feed": Case(Feed),
    "json": Case(AnyJson),
}
EDITED = {name: case for name, case in LOOKED_UP.items() if name != "youtube" and name != "bluesky"} | {
    "telegram": Case(Telegram, account="one"),
    "feed": Case(Feed),
    "json": Case(AnyJson),
    "github": Case(GitHub, account="one", look="comments", repository="acme/acme"),
    "appstore": Case(AppStore),
    "googleplay": Case(GooglePlay, account="one"),
}


class Watched:
    """A network whose first four posts were heard."""

    def __init__(self, site, case, **options):
        self.site, self.case = site, case
        self.posts = [case.post(n) for n in range(4)]
        self.network = site.add(case.make(self.posts))
        source = self.network.source(**case.options, **options)
        self.name = source["name"]
        site.env.update(SECRETS)
        site.configure([source], accounts={case.account: self.network.account()} if case.account else {})
        self.daemon = site.listen()
        site.wait_heard(self.network.ids(), 30)

    def id_of(self, post):
        if isinstance(self.network, Mastodon):
            return mastodon.uri_of(post)
        return bluesky.id_of(post) if isinstance(self.network, Bluesky) else self.network.id_of(post)

    def poll_until(self, condition, what):
        def polled():
            if condition():
                return True
            self.site.redis.call("HSET", WISHES, f"poll|acme/{self.name}", str(now_ms()))
            return False
        wait_for(polled, 60, lambda: f"{what}; {self.daemon.lines[-5:]}", every=0.3)

    def lookups(self):
        return [r for r in self.network.web.requests if re.search(self.case.asks, r.path)] if self.case.asks else []

    def check_erased(self, posts):
        """Ids are kept, empty, so that they are not heard again; no key of Redis holds the words any more."""
        ids = {self.id_of(p) for p in posts}
        erased = self.site.events("erased")
        assert {e["id"] for e in erased} == ids and len(erased) == len(ids)
        assert {e["by"] for e in erased} == {"network"}
        assert all(self.site.redis.call("GET", f"mentiond:{{acme}}:m:{i}") == b"" for i in ids)
        assert sorted(self.site.waiting()) == sorted(self.id_of(p) for p in self.posts if p not in posts)
        everything = str([self.site.dump(key) for key in self.site.redis.keys("*")])
        for n, post in enumerate(self.posts):
            assert (f"witness{n}" in everything) == (post not in posts), f"the words of post {n}"


@pytest.mark.parametrize("name", LOOKED_UP)
def test_what_is_gone_when_asked_for_is_erased(redis_site, name):
    """By the poll that asked: nobody asks for it again."""
    watched = Watched(redis_site, LOOKED_UP[name], recheck="1s")
    gone, before = watched.posts[1:3], len(watched.network.web.requests)
    for post in gone:
        watched.network.delete(post)
    watched.poll_until(lambda: len(redis_site.events("erased")) == 2, "the erasures")
    asked = len(watched.lookups())
    watched.poll_until(lambda: len(watched.lookups()) >= asked + 2, "the others to be asked for again")
    watched.check_erased(gone)
    lookups = [r for r in watched.network.web.requests[before:] if r in watched.lookups()]
    for post in gone:
        numbers = [r for r in lookups if names(r, watched.id_of(post))]
        assert len(numbers) <= 2, "once when it was gone, and maybe once while it was being deleted"
    assert watched.daemon.stop() == 0


def names(request, mention_id):
    number = re.split(r"[:/]", mention_id)[-1]
    return any(number in re.split("[,;/.]", text) for texts in [*request.params.values(), [request.path]] for text in texts)


@pytest.mark.parametrize("name", TOLD)
def test_what_a_page_calls_deleted_is_erased_with_it(redis_site, name):
    """Without any look-up: those are an hour away."""
    watched = Watched(redis_site, TOLD[name])
    network = watched.network
    for post in watched.posts[1:3]:
        if hasattr(network, "remove"):
            network.remove(post)
        else:
            network.tombstones = True
            network.delete(post)
    watched.poll_until(lambda: len(redis_site.events("erased")) == 2, "the erasures")
    watched.check_erased(watched.posts[1:3])
    assert not watched.lookups()
    assert watched.daemon.stop() == 0


@pytest.mark.parametrize("name", EDITED)
def test_an_edit_is_judged_anew_and_keeps_the_claim(redis_site, name):
    """Who holds it is told; the others are left as they are."""
    watched = Watched(redis_site, EDITED[name], **({"recheck": "1s"} if EDITED[name].asks else {}))
    edited = watched.posts[1]
    mention_id = watched.id_of(edited)
    assert redis_site.fcall("mention_claim", agent="alice", id=mention_id)["id"] == mention_id
    watched.network.rewrite(edited, "what acme did here is great, I love it")
    watched.poll_until(lambda: redis_site.events("edited"), "the edit")
    event = redis_site.events("edited")[0]
    assert (event["id"], event["owner"], event["state"], event["from"]) == (mention_id, "alice", "claimed", "complaint")
    shown = redis_site.fcall("mention_get", id=mention_id)
    assert (shown["state"], shown["owner"], shown["class"]) == ("claimed", "alice", "praise")
    assert "I love it" in shown["mention"]["text"] and "witness" not in shown["mention"]["text"]
    assert {e["id"] for e in redis_site.events("edited")} == {mention_id}
    assert len(redis_site.events("mention.heard")) == len(watched.posts)
    assert watched.daemon.stop() == 0
