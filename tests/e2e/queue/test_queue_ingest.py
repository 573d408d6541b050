"""Batches: the cursor goes with its mentions, each id comes in once."""
import json

import pytest

from brand import DAY, HOUR, MINUTE, T0, Brand, entry
from lib.resp import RedisError


def raw(brand, header, *bodies):
    try:
        return json.loads(brand.raw("mention_ingest", json.dumps(header), *bodies))
    except RedisError as e:
        return e.text


def test_counters(brand):
    first = brand.ingest(entry("a"), entry("b"), entry("n", **{"class": "none"}))
    assert first == {"seq": 1, "new": 3, "known": 0, "old": 0, "queued": 2, "unqueued": 1}
    second = brand.ingest(entry("b"), entry("c"), entry("o", created_at=T0 - 36 * DAY))
    assert second == {"seq": 2, "new": 1, "known": 1, "old": 1, "queued": 1, "unqueued": 0}
    assert brand.stats()["waiting"]["complaint"]["waiting"] == 3


def test_cursor_is_kept_with_its_seq(brand):
    brand.open()
    header = brand.header([], cursor='{"low":"17"}')
    assert raw(brand, header)["seq"] == 1
    assert brand.open() == {"seq": 1, "cursor": '{"low":"17"}'}


def test_same_seq_answers_the_same_and_writes_nothing(brand):
    brand.open()
    header = brand.header([entry("a")])
    first = raw(brand, header, '{"x":1}')
    again = brand.header([entry("a"), entry("b")])
    assert raw(brand, again, '{"x":1}', '{"x":2}') == first
    assert raw(brand, {**header, "seq": 3}, '{"x":1}') == "STALE seq=1"
    assert len(brand.events()) == 1


def test_only_the_lease_that_was_opened_may_write(brand):
    brand.open(lease="4:abcd")
    for lease in ("4:abce", "3:abcd", "5:abcd"):
        assert raw(brand, {**brand.header([]), "lease": lease}) == "STALE lease=4"
    assert brand.refused("source_open", source="s", lease="3:zzzz") == "STALE lease=4"
    brand.open(lease="5:ffff")
    assert raw(brand, {**brand.header([]), "lease": "4:abcd"}) == "STALE lease=5"
    assert raw(brand, {**brand.header([], source="t", ), "source": "u"}) == "STALE lease=none"


@pytest.mark.parametrize("bad,field", [
    ({"id": "x:1"}, "id"), ({"id": "net:"}, "id"), ({"id": "net:" + "i" * 600}, "id"),
    ({"class": "meh"}, "class"), ({"created_at": -1}, "created_at"), ({"created_at": "1"}, "created_at"),
    ({"created_at": 1.5}, "created_at"), ({"author": 7}, "author"), ({"words": [-1]}, "words"),
    ({"words": list(range(25))}, "words"), ({"own": "yes"}, "own"), ({"topics": {"a": 1}}, "topics"),
    ({"network": "Net"}, "network"), ({"lang": None}, "lang"), ({"in_reply_to": ""}, "in_reply_to"),
])
def test_one_bad_mention_refuses_the_batch(brand, bad, field):
    brand.open()
    answer = raw(brand, brand.header([entry("a"), {**entry("b"), **bad}]), "{}", "{}")
    assert answer.startswith(f"BADARG mention=1 field={field}"), answer
    assert brand.events() == []
    assert brand.ingest(entry("a"))["new"] == 1


def test_bodies_are_checked(brand):
    brand.open()
    assert raw(brand, brand.header([entry("a")]), "x").startswith("BADARG mention=0 field=json")
    big = json.dumps({"x": "y" * 32768})
    assert raw(brand, brand.header([entry("a")]), big).startswith("BADARG mention=0 field=json")
    assert raw(brand, brand.header([entry("a")])).startswith("BADARG field=m")
    many = [entry(f"m{i}") for i in range(101)]
    assert raw(brand, brand.header(many), *["{}"] * 101).startswith("BADARG field=m")


def test_refused_mentions_are_set_aside(brand):
    brand.open()
    lease = brand.seq["s"][1]
    reply = brand.fcall("mention_refuse", source="s", lease=lease, id="net:x", reason="too long",
                        item="{\"a\":1}")
    assert reply == {"refused": 1}
    assert brand.events()[0] == {"type": "mention.refused", "id": "net:x", "source": "s",
                                 "reason": "too long"}
    assert brand.refused("mention_refuse", source="s", lease="9:zzzz", reason="x") == "STALE lease=1"


def test_the_body_is_kept_to_the_byte(brand):
    body = '{"n": 12345678901234567890, "e": [], "u": "\\u00e9é", "f": 1.50}'
    brand.open()
    raw(brand, brand.header([entry("a")]), body)
    assert brand.client.call("GET", brand.key + ":m:net:a").decode() == body
    reply = brand.raw("mention_claim", json.dumps({"agent": "alice", "test_now": T0})).decode()
    assert '"mention":' + body + "," in reply


def test_heard_carries_what_the_detector_needs(brand):
    brand.ingest(entry("a", **{"class": "outage"}, signals=["past", "joke"], topics=["login"],
                       place="leeds", author="u1", followers=120, age_days=40,
                       words=[1, 4294967295], down=1, created_at=T0 - 5))
    assert brand.events()[0] == {
        "type": "mention.heard", "id": "net:a", "class": "outage", "state": "queued",
        "signals": "past,joke", "topics": "login", "place": "leeds", "created_at": str(T0 - 5),
        "fetched_at": str(T0), "author": "u1", "followers": "120", "age_days": "40",
        "repost_of": "", "backfill": "", "network": "net", "lang": "en", "words": "1,4294967295",
        "says": "down"}
    assert brand.client.call("XRANGE", brand.key + ":events", "-", "+")[0][0].decode() == f"{T0}-0"


def due(brand, name):
    return brand.get(name)["due_at"] - T0


def test_due_times(brand):
    brand.ingest(entry("plain"), entry("known", followers=9999),
                 entry("famous", followers=10**15), entry("late", created_at=T0 - 10 * HOUR),
                 entry("back", created_at=T0 - 50 * DAY, backfill=1), entry("five", created_at=T0 - 300000))
    assert due(brand, "plain") == 15 * MINUTE
    assert due(brand, "known") == 15 * MINUTE // 2
    assert due(brand, "famous") == 15 * MINUTE // 4
    assert due(brand, "late") == 0
    assert due(brand, "back") == 15 * MINUTE
    assert due(brand, "five") == 10 * MINUTE


def test_hostile_times(brand):
    brand.ingest(entry("a", created_at=T0 + 10 * DAY), entry("b", created_at=T0 + 60000))
    assert brand.events()[0]["created_at"] == str(T0)
    assert brand.events()[1]["created_at"] == str(T0 + 60000)


def test_an_id_is_known_until_a_day_after_the_horizon(brand):
    brand.hear("a")
    at = brand.client.call("PEXPIRETIME", brand.key + ":m:net:a")
    assert at == T0 + 36 * DAY


def test_sources_without_horizon(brand):
    assert brand.ingest(entry("a", created_at=5), no_horizon=1)["queued"] == 1
    assert brand.get("a")["mention"] is not None


def test_lanes_are_at_most_512(make_brand):
    langs = [f"l{i}" for i in range(60)]
    brand = make_brand(languages=langs)
    for at in range(0, 600, 60):
        net = f"net{at}"
        brand.ingest(*[entry("x", id=f"{net}:{lang}", network=net, lang=lang) for lang in langs])
    stats = brand.stats()
    assert len(stats["lanes"]) == 513
    assert stats["waiting"]["complaint"]["waiting"] == 600
    assert {x["lane"]: x["waiting"] for x in stats["lanes"]}["0:complaint:other:other"] == 88
    assert brand.act("dismiss", id="net540:l59")["state"] == "dismissed"


def test_replies_name_the_native_id(brand):
    brand.ingest(entry("uri:a", native="host/1", author="u"))
    brand.ingest(entry("uri:b", native="host/2", in_reply_to="native:host/1", author="u"))
    assert brand.get("uri:b")["case"] == "net:uri:a"
    brand.ingest(entry("uri:d", native="host/4", in_reply_to="native:host/3", author="u"))
    brand.ingest(entry("uri:c", native="host/3", author="u"))
    assert brand.get("uri:c")["case"] == brand.get("uri:d")["case"] == "net:uri:d"


def test_no_settings_no_brand(client):
    brand = Brand(client)
    for name in ("nobody", "typo"):
        key = f"t:{{{name}}}"
        for function in ("mention_claim", "queue_stats"):
            with pytest.raises(RedisError, match="^NOBRAND"):
                client.call("FCALL", function, 1, key, '{"agent":"a"}')
    assert client.call("FCALL", "queue_stats", 1, brand.key)


@pytest.mark.parametrize("keys", [
    ["acme"], ["t:{Acme}"], ["t:{a b}"], ["t:{" + "a" * 65 + "}"], ["t:{acme}", "t:{acme}:x"], [],
])
def test_keys_are_checked(client, keys):
    with pytest.raises(RedisError, match="^BADARG field=keys"):
        client.call("FCALL", "mention_claim", len(keys), *keys, '{"agent":"a"}')


def test_a_cluster_wants_both_keys(make_brand):
    brand = make_brand(cluster=True)
    with pytest.raises(RedisError, match="^BADARG field=keys"):
        brand.client.call("FCALL", "queue_stats", 1, brand.key)
    assert brand.stats()["events"] == 0
