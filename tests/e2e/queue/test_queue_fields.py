"""The daemon's form of a batch, fields ended by zero bytes: the same meaning as objects, the same refusals."""
import json

import pytest

from brand import DAY, T0, Brand, entry, fields
from redisserver import Server
from lib.resp import RedisError

FULL = {
    "id": "net:https://h/users/jo/statuses/11", "network": "net", "class": "outage", "lang": "en",
    "created_at": T0 - 5000, "author": "https://h/users/jo", "followers": 1200, "age_days": 40,
    "place": "Leeds", "topics": ["login", "app"], "signals": ["past"], "words": [7, 4294967295],
    "native": "h/11", "conversation": "k", "in_reply_to": "native:h/9", "addressed": 1,
}
BATCH = [
    entry("plain"), entry("own", own=1, in_reply_to="plain"), entry("repost", repost_of="plain"),
    entry("late", created_at=T0 + DAY), entry("old", created_at=T0 - 40 * DAY),
    entry("back", created_at=T0 - 40 * DAY, backfill=1), entry("none", **{"class": "none"}),
    entry("asked", **{"class": "none"}, addressed=1), entry("root", conversation="r", root_own=1),
    entry("far", native="elsewhere"), FULL,
]


@pytest.fixture
def own_server():
    server = Server()
    yield server
    server.stop()


def send(brand, texts, *bodies, **more):
    header = {k: v for k, v in brand.header([], **more).items() if k != "m"}
    return json.loads(brand.raw("mention_ingest", json.dumps({**header, "fields": 1}), texts, *bodies))


def refusal(brand, texts, *bodies):
    try:
        send(brand, texts, *bodies)
    except RedisError as e:
        return e.text
    raise AssertionError("not refused")


def contents(client, keys="*"):
    out = {}
    for key in sorted(client.call("KEYS", keys)):
        kind = client.call("TYPE", key)
        if kind == "zset":
            out[key] = client.call("ZRANGE", key, 0, -1, "WITHSCORES")
        elif kind == "hash":
            flat = client.call("HGETALL", key)
            out[key] = sorted(zip(flat[::2], flat[1::2]))
        elif kind == "stream":
            out[key] = client.call("XRANGE", key, "-", "+")
        elif kind == "set":
            out[key] = sorted(client.call("SMEMBERS", key))
        elif kind == "list":
            out[key] = client.call("LRANGE", key, 0, -1)
        else:
            out[key] = client.call("GET", key)
    return out


def test_both_forms_leave_the_same(own_server):
    client = own_server.client
    bodies = [json.dumps({"id": e["id"], "text": "it is broken"}) for e in BATCH]
    as_objects = Brand(client, "same")
    reply = as_objects.ingest(*BATCH)
    wanted = contents(client)
    assert len(wanted) > 20
    client.call("FLUSHALL")
    as_fields = Brand(client, "same")
    assert send(as_fields, "".join(map(fields, BATCH)), *bodies) == reply
    assert contents(client) == wanted


def with_field(name, value):
    one = {**FULL, "flags": ""}
    texts = fields(one).split("\0")
    at = ["id", "network", "class", "created_at", "lang", "author", "followers", "age_days", "place",
          "topics", "signals", "words", "flags", "native", "conversation", "in_reply_to",
          "repost_of"].index(name)
    texts[at] = value
    return "\0".join(texts)


@pytest.mark.parametrize("name, value", [
    ("id", ""), ("id", "net:" + "x" * 509), ("id", "net:a\nb"), ("id", "other:1"), ("id", "net:"),
    ("network", ""), ("network", "Net"), ("network", "n" * 33), ("class", ""), ("class", "rant"),
    ("created_at", ""), ("created_at", "-1"), ("created_at", "1e9"), ("created_at", "0x10"),
    ("created_at", "9" * 25), ("lang", "e" * 36), ("author", "a" * 513), ("followers", "many"),
    ("followers", "1.5"), ("followers", "9" * 17), ("age_days", "1234567"), ("place", "p" * 257),
    ("topics", ",".join(["t"] * 17 + ["x" * 250])), ("words", "1,x"), ("words", "4294967296," * 30),
    ("flags", "z"), ("native", "n" * 513), ("conversation", "c" * 513),
    ("in_reply_to", "r" * 513), ("repost_of", "o" * 513),
])
def test_a_wrong_field_is_named_and_changes_nothing(brand, name, value):
    brand.open()
    before = contents(brand.client, f"t:{{{brand.name}}}*")
    text = refusal(brand, fields(entry("fine")) + with_field(name, value), "{}", "{}")
    assert text.startswith(f"BADARG mention=1 field={name}"), text
    assert contents(brand.client, f"t:{{{brand.name}}}*") == before


def test_texts_that_do_not_end_or_do_not_fit_are_refused(brand):
    brand.open()
    before = contents(brand.client, f"t:{{{brand.name}}}*")
    good = fields(entry("fine"))
    for texts, bodies in [(good[:-1], 1), (good + "net:1\0", 1), (good + good[:20], 2), ("x", 1),
                          (good, 0), (good, 2), ("", 1), (good * 101, 101)]:
        text = refusal(brand, texts, *["{}"] * bodies)
        assert text.startswith("BADARG field="), (texts[:30], bodies, text)
    header = json.dumps({**brand.header([entry("a")]), "fields": 1})
    with pytest.raises(RedisError, match="BADARG field=m"):
        brand.raw("mention_ingest", header, good, "{}")
    with pytest.raises(RedisError, match="BADARG field=fields"):
        brand.raw("mention_ingest", json.dumps({k: v for k, v in json.loads(header).items() if k != "m"}))
    assert contents(brand.client, f"t:{{{brand.name}}}*") == before


def test_an_empty_batch_of_fields_moves_the_cursor(brand):
    assert send(brand, "")["new"] == 0
    assert brand.client.call("HGET", brand.key + ":source:s", "seq") == b"1"


def test_an_instances_own_posts_are_found_by_their_native_id(brand):
    """What is kept of such an id is short; what it says is the whole."""
    for name, native in [("https://h/users/jo/statuses/11", "h/11"), ("https://far/x/5", "h/12"),
                         ("13", "13"), ("/users/x", "h/14")]:
        brand.ingest(entry(name, native=native))
        brand.ingest(entry(f"re-{native}", in_reply_to=f"native:{native}"))
        assert brand.get(f"re-{native}")["case"] == "net:" + name
