"""Mentions that are stored already: deleted on their network, they are erased; edited, they are judged anew."""
from lib.discourse import Discourse
from lib.posts import iso, now_ms, text_of
from lib.unruly import Post, minutes_ago
from lib.waiting import wait_for
from lib.web import Reply

WISHES = "mentiond:{@ops}:wishes"


def posts(n):
    return [Post(i, text_of(i), minutes_ago(30) + i * 1000) for i in range(n)]


def poll_until(site, condition, what):
    def polled():
        if condition():
            return True
        site.redis.call("HSET", WISHES, "poll|acme/forum", str(now_ms()))
        return False
    wait_for(polled, 60, what, every=0.5)


def test_what_is_gone_when_looked_up_again_is_erased(redis_site):
    """The agent who holds it is told by an event; the others stay."""
    network = redis_site.add(Discourse())
    network.post(*posts(3))
    redis_site.configure([network.source(recheck="1s")])
    redis_site.listen()
    redis_site.wait_heard(network.ids(), 30)
    gone = network.id_of(network.posts[1])
    assert redis_site.fcall("mention_claim", agent="alice", id=gone)["id"] == gone
    network.take_back(1)
    poll_until(redis_site, lambda: redis_site.events("erased"), "the erasure")
    event, = redis_site.events("erased")
    assert (event["id"], event["by"], event["state"], event["owner"]) == (gone, "network", "claimed", "alice")
    assert redis_site.redis.call("GET", f"mentiond:{{acme}}:m:{gone}") == b""
    assert sorted(redis_site.waiting()) == sorted(network.ids(gone=False))


def test_an_edit_is_judged_anew_and_keeps_the_claim(redis_site):
    network = redis_site.add(Discourse())
    network.post(*posts(2))
    redis_site.configure([network.source(recheck="1s")])
    redis_site.listen()
    redis_site.wait_heard(network.ids(), 30)
    edited = network.posts[0]
    mention_id = network.id_of(edited)
    redis_site.fcall("mention_claim", agent="alice", id=mention_id)

    def rewritten(request):
        if request.path != f"/posts/{1000 + edited.n}.json":
            return None
        text = "acme is wonderful, thank you acme, I love it"
        return Reply({**network._post(edited), "version": 2, "updated_at": iso(now_ms()), "raw": text,
                      "cooked": f"<p>{text}</p>"})

    network.before = rewritten
    poll_until(redis_site, lambda: redis_site.events("edited"), "the edit")
    event = redis_site.events("edited")[0]
    assert (event["id"], event["owner"], event["state"]) == (mention_id, "alice", "claimed")
    shown = redis_site.fcall("mention_get", id=mention_id)
    assert (shown["state"], shown["owner"]) == ("claimed", "alice")
    assert "wonderful" in shown["mention"]["text"] and shown["class"] == shown["mention"]["class"] != event["from"]
