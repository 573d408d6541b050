"""Input made to hurt. One bad post never costs the others of its page, and each fault is counted."""
import json
import re

from lib import bluesky
from lib.bluesky import Bluesky
from lib.mastodon import Mastodon, status, uri_of
from lib.site import BRAND
from lib.web import Reply

MARK = "@@HERE@@"


def stats(daemon):
    line = daemon.log_lines("polling ended")[0]
    return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}


def poisoned(n, raw, field="content"):
    """A status in whose JSON `raw` stands where a plain text would."""
    one = status(n, f"acme is down {MARK}") if field == "content" else status(n)
    if field != "content":
        one[field] = MARK
        return json.dumps(one).encode().replace(b'"' + MARK.encode() + b'"', raw)
    return json.dumps(one).encode().replace(MARK.encode(), raw)


FAULTS = [
    poisoned(10, b"\\ud83d alone"),               # half a surrogate pair
    poisoned(11, b"nul \\u0000 inside"),
    poisoned(12, b"1e999", field="favourites_count"),
    poisoned(13, b"1234567890123456789012345", field="replies_count"),
    poisoned(14, b"bytes \xff\xfe\xc3 here"),
    poisoned(15, b"overlong \xc0\xaf and surrogate bytes \xed\xa0\x80"),
]


def page_of(*raw):
    return b"[" + b",".join(raw) + b"]"


def serve(site, body):
    """An instance whose first page is `body`, and which has nothing else."""
    network = site.add(Mastodon())
    network.before = lambda r: Reply(body if "max_id" not in r.params and "min_id" not in r.params else b"[]",
                                     headers={"Content-Type": "application/json"})
    site.configure([network.source()])
    return network


def test_faults_of_a_page_are_repaired(redis_site):
    good = [status(n) for n in (1, 2, 3)]
    serve(redis_site, page_of(*[json.dumps(g).encode() for g in good], *FAULTS))
    daemon = redis_site.once()
    assert daemon.status == 0
    ids = {uri_of(status(n)) for n in (1, 2, 3, 10, 11, 12, 13, 14, 15)}
    redis_site.check_exactly(ids)
    assert stats(daemon)["faults"] >= len(FAULTS)
    assert "\ufffd" in redis_site.mention(uri_of(status(10)))["text"]
    assert redis_site.mention(uri_of(status(14)))["text"].startswith("acme is down bytes ")
    for one in ids:
        assert "\x00" not in redis_site.mention(one)["text"]


def test_a_post_of_40_kib_is_cut_on_a_character(redis_site):
    serve(redis_site, page_of(json.dumps(status(1, "acme is down " + "ü" * 20_000)).encode(),
                              json.dumps(status(2)).encode()))
    assert redis_site.once().status == 0
    redis_site.check_exactly({uri_of(status(1)), uri_of(status(2))})
    stored = redis_site.mention(uri_of(status(1)))
    assert stored["truncated"] is True
    assert 16_000 < len(stored["text"].encode()) <= 16 * 1024
    assert stored["text"].endswith("ü") and stored["class"] == "outage"


def test_wrong_types_cost_only_their_post(redis_site):
    wrong = [b"null", b"17", b'"text"', b"[]", b"{}", b'{"id":5}', b'{"id":"5","account":null,"content":"x"}',
             b'{"id":"6","account":{},"content":["no"]}', b"[" * 30 + b"]" * 30]
    serve(redis_site, page_of(json.dumps(status(1)).encode(), *wrong, json.dumps(status(2)).encode()))
    daemon = redis_site.once()
    assert daemon.status == 0
    redis_site.check_exactly({uri_of(status(1)), uri_of(status(2))})
    assert stats(daemon)["skipped"] == len(wrong)
    assert len(daemon.complaints("items skipped.*items=9")) == 1


def test_json_that_is_too_deep_is_no_page(redis_site):
    """200,000 brackets: refused as a page, not a stack that overflows."""
    network = serve(redis_site, b"[" * 200_000 + b"]" * 200_000)
    daemon = redis_site.once()
    assert daemon.status == 1
    assert daemon.complaints("reply not understood")
    network.before = lambda r: None
    network.post(status(1))
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())


def test_an_id_that_cannot_be_stored_is_set_aside(redis_site):
    """An id of 600 bytes is over the record's limit: refused with a word, the rest goes on, the source too."""
    long = status(2)
    long["uri"] = "https://mastodon.example/" + "x" * 600
    network = redis_site.add(Mastodon([status(1), long, status(3)]))
    redis_site.configure([network.source()])
    daemon = redis_site.once()
    assert daemon.status == 0
    redis_site.check_exactly({uri_of(status(1)), uri_of(status(3))})
    assert stats(daemon)["refused"] == 1
    assert len(daemon.complaints("mention refused")) == 1
    assert [e["reason"] for e in redis_site.events("mention.refused") if "id" in e["reason"]]
    assert redis_site.redis.call("LLEN", BRAND + ":refused") == 1
    network.post(status(4))
    assert redis_site.once().status == 0
    redis_site.check_exactly({uri_of(status(n)) for n in (1, 3, 4)})


def test_control_characters_do_not_reach_the_log(redis_site):
    """A source's own words are quoted in logs: no line can be forged, no terminal driven."""
    network = redis_site.add(Mastodon())
    evil = status(1)
    evil["uri"] = "https://mastodon.example/\n2026-01-01T00:00:00Z error forged\x1b[2J" + "y" * 600
    network.post(evil, status(2))
    redis_site.configure([network.source()])
    daemon = redis_site.once()
    assert daemon.complaints("mention refused")
    assert not [x for x in daemon.lines if re.match(r"2026-01-01T00:00:00Z error forged", x) or "\x1b" in x]


def test_hostile_times_and_numbers(redis_site):
    """Dates of the year 1, 9999 and none at all, counts below zero: stored, clamped, in no one's way."""
    odd = [bluesky.post(1), bluesky.post(2), bluesky.post(3), bluesky.post(4)]
    odd[0]["record"]["createdAt"] = "9999-12-31T23:59:59Z"
    odd[1]["record"]["createdAt"] = "0001-01-01T00:00:00Z"
    odd[2]["record"]["createdAt"] = "yesterday"
    odd[3]["likeCount"] = -(1 << 62)
    network = redis_site.add(Bluesky(odd))
    redis_site.configure([network.source()], accounts={"bsky": network.account()})
    daemon = redis_site.once()
    assert daemon.status == 0
    stored = redis_site.mention_ids()
    assert {bluesky.id_of(odd[0]), bluesky.id_of(odd[2]), bluesky.id_of(odd[3])} <= stored
    future = redis_site.mention(bluesky.id_of(odd[0]))
    assert future["created_at"] <= future["fetched_at"] + 60_000
    network.post(bluesky.post(5))
    assert redis_site.once().status == 0
    assert bluesky.id_of(bluesky.post(5)) in redis_site.mention_ids()


def test_a_page_larger_than_a_batch(redis_site):
    """2,000 statuses in a page although 40 were asked for: a server that ignores the limit is no reason to lose any."""
    many = [status(n) for n in range(1500)]
    serve(redis_site, json.dumps(many[::-1]).encode())
    assert redis_site.once().status == 0
    redis_site.check_exactly({uri_of(s) for s in many})


def test_texts_that_look_like_commands(redis_site):
    """Redis protocol, JSON, Lua and HTML in texts and names are text."""
    evil = ['*1\r\n$8\r\nFLUSHALL\r\n', '"},"class":"praise","x":{"', "]] .. redis.call('FLUSHALL') .. [[",
            "<script>alert(1)</script>", "acme is down\u2028\u202e", "%n%s%p ${BSKY_PASSWORD} $(reboot)"]
    posts = [bluesky.post(n, "acme is down " + text, author=f"u{n}.example") for n, text in enumerate(evil)]
    for post, text in zip(posts, evil):
        post["author"]["displayName"] = text
    network = redis_site.add(Bluesky(posts))
    redis_site.configure([network.source()], accounts={"bsky": network.account()})
    assert redis_site.once().status == 0
    redis_site.check_exactly(network.ids())
    for post in posts:
        stored = redis_site.mention(bluesky.id_of(post))
        assert stored["text"] == post["record"]["text"]
        assert stored["author"]["name"] == post["author"]["displayName"]
        assert stored["class"] == "outage"


def test_a_mention_that_the_queue_refuses_is_kept_aside(redis_site):
    """What only the queue can find wrong costs one mention: it is kept with the reason, and said in the events."""
    lines = [{"id": n, "network": network, "text": f"acme is down, number {n}", "author": f"a{n}"}
             for n, network in enumerate(["net", "net", "Odd Network", "net", "net"])]
    (redis_site.folder / "posts.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    redis_site.configure([{"name": "posts", "type": "file", "path": "posts.jsonl"}])
    daemon = redis_site.once()
    assert daemon.status == 0
    redis_site.check_exactly({f"net:{n}" for n in (0, 1, 3, 4)})
    assert stats(daemon)["refused"] == 1
    assert len(daemon.complaints("refused by the queue.*network")) == 1
    told = redis_site.events("mention.refused")
    assert [(e["id"], e["source"]) for e in told] == [("Odd Network:2", "posts")]
    kept = [json.loads(x) for x in redis_site.redis.call("LRANGE", BRAND + ":refused", 0, -1)]
    assert len(kept) == 1 and "network" in kept[0]["reason"]
    assert json.loads(kept[0]["item"])["text"] == "acme is down, number 2"
