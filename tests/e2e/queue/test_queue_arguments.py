"""Each wrong type, missing field and oversized value in each argument of each function: a clear
error word, and not a byte changed."""
import json

import pytest

from brand import T0, entry
from lib.resp import RedisError
from outages import Outages
from redisserver import Server

WRONG = [None, True, False, 0, -1, 1.5, 1e300, 10**20, "", "\n", "x" * 100_000, [], ["x" * 5000],
         list(range(2000)), [None], {}, {"x": "y"}, {"a": {"b": []}}]

AGENT = {"agent": "alice"}
HELD = {"agent": "alice", "id": "net:held"}
OUTAGE = {"agent": "alice", "outage": "o1"}
LEASE = {"lease": "1:" + "a" * 32}

# function -> a call that would succeed, with every field it knows
CALLS = {
    "brand_configure": {"generation": 9, "languages": ["en"], "queue_none": "all",
                        "targets": {"outage": 60000}, "agents": {"lea": "lead"}, "cluster": False,
                        "retention": {"resolved": 1000}, "max_claims": 5, "keep_entries": 5000,
                        "lease_ms": 60000, "horizon_ms": 86400000, "presence_ms": 1000,
                        "give_back_ms": 1000, "own_lead_ms": 1000, "reopen_window_ms": 1000,
                        "undo_ms": 1000, "keep_ms": 1000, "test_now": T0, "req": "r"},
    "source_open": {"source": "s", "lease": "7:abcd", "req": "r", "test_now": T0},
    "mention_refuse": {"source": "s", "lease": "1:aaaa", "id": "net:x", "reason": "long",
                       "item": "{}", "req": "r", "test_now": T0},
    "mention_claim": {**AGENT, "classes": ["complaint"], "langs": ["en"], "networks": ["net"],
                      "tier": 0, "lease": 60000, "req": "r", "test_now": T0},
    "mention_renew": {**HELD, "lease": 60000, "req": "r", "test_now": T0},
    "mention_release": {**HELD, "req": "r", "test_now": T0},
    "mention_resolve": {**HELD, "outcome": "fixed", "cause": "login", "note": "n",
                        "reply_url": "https://x", "req": "r", "test_now": T0},
    "mention_dismiss": {**HELD, "reason": "spam", "req": "r", "test_now": T0},
    "mention_reopen": {"agent": "alice", "id": "net:done", "req": "r", "test_now": T0},
    "mention_snooze": {**HELD, "wake_at": T0 + 60000, "req": "r", "test_now": T0},
    "mention_assign": {**HELD, "to": "bob", "req": "r", "test_now": T0},
    "mention_escalate": {**HELD, "to": "bob", "note": "n", "req": "r", "test_now": T0},
    "mention_reclassify": {**HELD, "class": "praise", "lang": "en", "req": "r", "test_now": T0},
    "mention_erase": {"source": "s", "lease": "1:aaaa", "ids": ["net:held"], "req": "r", "test_now": T0},
    "mention_edit": {"source": "s", "lease": "1:aaaa", "id": "net:held", "edited_at": T0, "class": "praise",
                     "lang": "en", "item": "{}", "own": True, "req": "r", "test_now": T0},
    "mention_tick": {"limit": 5, "req": "r", "test_now": T0},
    "reader_commit": {"name": "r", "position": "5-0", "req": "r", "test_now": T0},
    "mention_get": {"id": "net:held", "agent": "alice", "test_now": T0},
    "queue_stats": {"agent": "alice", "test_now": T0},
    "outage_open": {"lease": "7:abcd", "req": "r", "test_now": T0},
    "outage_ack": {**OUTAGE, "note": "n", "status_url": "https://x", "eta": T0, "req": "r", "test_now": T0},
    "outage_resolve": {**OUTAGE, "outcome": "fixed", "cause": "login", "note": "n",
                       "reply_url": "https://x", "req": "r", "test_now": T0},
    "outage_confirm": {**OUTAGE, "at": T0, "req": "r", "test_now": T0},
    "outage_reject": {**OUTAGE, "why": "joke", "for": 3600000, "req": "r", "test_now": T0},
    "outage_missed": {**AGENT, "at": T0, "topic": "login", "places": ["leeds"], "note": "n", "req": "r",
                      "test_now": T0},
    "guard_remove": {**AGENT, "guard": "g1", "req": "r", "test_now": T0},
    "maintenance_add": {**AGENT, "from": T0, "until": T0 + 60000, "topic": "login", "note": "n", "req": "r",
                        "test_now": T0},
    "maintenance_remove": {**AGENT, "maintenance": "m1", "req": "r", "test_now": T0},
    "outage_list": {"state": "open", "limit": 5, "before": T0 + 1, "test_now": T0},
    "outage_get": {"outage": "o1", "test_now": T0},
    "outage_members": {"outage": "o1", "after": 0, "limit": 10, "test_now": T0},
    "outage_guards": {"test_now": T0}, "outage_state": {"test_now": T0},
    "alert_open": {"lease": "7:abcd", "req": "r", "test_now": T0}, "alert_state": {"test_now": T0},
    "silence_add": {**AGENT, "match": '{"topic":["login"]}', "from": T0, "until": T0 + 60000, "reason": "drill",
                    "req": "r", "test_now": T0},
    "silence_remove": {**AGENT, "silence": "s1", "req": "r", "test_now": T0}, "silence_list": {"test_now": T0},
}

ACCOUNT_CALLS = {
    "lease_take": {"daemon": "d1", "nonce": "a" * 32, "ttl_ms": 60000},
    "lease_renew": {**LEASE, "ttl_ms": 60000},
    "lease_drop": dict(LEASE),
    "session_set": {**LEASE, "session": "s"},
    "session_get": {},
    "ops_say": {"type": "redis.full", "fields": ["a", "b"]},
    "spent_set": {**LEASE, "spent": "s"},
    "spent_get": {},
    "alerts_set": {**LEASE, "state": "s"},
    "alerts_get": {},
}

HEADER = {"source": "s", "lease": "1:aaaa", "seq": 2, "cursor": "{}", "fetched_at": T0,
          "no_horizon": 1, "test_now": T0}

ENTRY = {**entry("new"), "native": "h/1", "score": 7, "conversation": "k", "in_reply_to": "p",
         "author": "u", "followers": 5, "age_days": 3, "place": "leeds", "topics": ["login"],
         "signals": ["past"], "words": [1, 2], "repost_of": "z", "own": 1, "own_parent": 1,
         "addressed": 1, "backfill": 1, "root_own": 1}

FREE_TEXT = {"note", "item", "cursor"}
FLAGS = {"cluster", "own", "own_parent", "addressed", "backfill", "root_own", "no_horizon"}
ZERO = {"test_now", "fetched_at", "created_at", "followers", "age_days", "score", "tier",
        "generation", "eta", "at", "from", "before", "after"}
LISTS = {"words", "topics", "signals", "languages", "targets", "agents", "retention", "classes",
         "langs", "networks", "places", "fields", "ids"}


def is_right(field, value):
    """Whether one of WRONG's values is right for this field after all."""
    if field in FLAGS:
        return value in (True, False, 0) and not isinstance(value, float)
    if field in ZERO and value is not True and value is not False and value == 0 \
            and isinstance(value, int):
        return True
    if field == "score" and value == -1:
        return True
    if field in LISTS and value in ([], {}):
        return True
    if field in FREE_TEXT and value == "\n":
        return True
    if field == "state" and value in ("", "\n", "x" * 100_000):
        return True # of alerts_set; outage_list's is one of three words
    return field in ("session", "spent") and value in ("", "\n")


@pytest.fixture(scope="module")
def own_server():
    server = Server()
    yield server
    server.stop()


def staged(client):
    """A brand with what the calls above need."""
    brand = Outages(client, "args")
    brand.hear("held", "done", "waits", "more")
    brand.claim("alice", id="net:held")
    brand.claim("alice", id="net:done")
    brand.act("resolve", id="net:done", outcome="fixed")
    brand.commit(brand.change(outage="o1"), brand.change(outage="o2"), state=b"s")
    brand.do("reject", outage="o2", why="joke")
    brand.fcall("maintenance_add", agent="lea", until=T0 + 60000, **{"from": T0})
    brand.fcall("alert_open", lease="1:aaaa")
    brand.raw("alert_commit", json.dumps({"lease": "1:aaaa", "from": "0-0", "to": "5-0", "n": 1}), b"s")
    brand.fcall("silence_add", agent="lea", match="{}", until=T0 + 60000, reason="drill")
    return brand


@pytest.fixture(scope="module")
def stage(own_server):
    """A brand with a mention in each state, and an account with a lease."""
    brand = staged(own_server.client)
    own_server.client.call("FCALL", "lease_take", 1, "t:{@acc}",
                           json.dumps(ACCOUNT_CALLS["lease_take"]))
    return brand


def dump(client):
    out = {}
    for key in sorted(client.call("KEYS", "*")):
        out[key] = (client.call("DUMP", key), client.call("PEXPIRETIME", key))
    return out


def mutations(given):
    for field in given:
        yield field, {k: v for k, v in given.items() if k != field}, "missing"
        for value in WRONG:
            if not is_right(field, value):
                yield field, {**given, field: value}, repr(value)[:40]
    yield "surprise", {**given, "surprise": 1}, "unknown"


def refused(client, function, keys, *values):
    try:
        client.call("FCALL", function, len(keys), *keys, *values)
    except RedisError as e:
        return e.text
    return None


def required_of(function):
    return {
        "brand_configure": {"generation"}, "source_open": {"source", "lease"},
        "mention_refuse": {"source", "lease", "reason"}, "mention_claim": {"agent"},
        "mention_resolve": {"agent", "id", "outcome"}, "mention_assign": {"agent", "id", "to"},
        "mention_snooze": {"agent", "id", "wake_at"}, "mention_reclassify": {"agent", "id", "class"},
        "mention_erase": {"source", "lease", "ids"},
        "mention_edit": {"source", "lease", "id", "edited_at", "class", "item"},
        "mention_tick": set(), "reader_commit": {"name", "position"}, "mention_get": {"id"},
        "queue_stats": set(), "lease_take": {"daemon", "nonce", "ttl_ms"},
        "lease_renew": {"lease", "ttl_ms"}, "lease_drop": {"lease"},
        "session_set": {"lease", "session"}, "session_get": set(), "outage_open": {"lease"},
        "outage_ack": {"agent", "outage"}, "outage_resolve": {"agent", "outage", "outcome"},
        "outage_confirm": {"agent", "outage", "at"}, "outage_reject": {"agent", "outage", "why"},
        "outage_missed": {"agent", "at"}, "guard_remove": {"agent", "guard"},
        "maintenance_add": {"agent", "from", "until"}, "maintenance_remove": {"agent", "maintenance"},
        "outage_list": set(), "outage_get": {"outage"}, "outage_members": {"outage"},
        "outage_guards": set(), "outage_state": set(), "ops_say": {"type"},
        "session_set": {"lease", "session"}, "session_get": set(),
        "spent_set": {"lease", "spent"}, "spent_get": set(),
        "alert_open": {"lease"}, "alert_state": set(), "silence_list": set(),
        "silence_add": {"agent", "match", "until", "reason"}, "silence_remove": {"agent", "silence"},
        "alerts_set": {"lease", "state"}, "alerts_get": set(),
    }.get(function, {"agent", "id"})


def check_function(client, function, keys, given, before):
    for field, wrong, why in mutations(given):
        if why == "missing" and field not in required_of(function):
            continue
        text = refused(client, function, keys, json.dumps(wrong))
        assert text and text.startswith(f"BADARG field={field}"), (function, field, why, text)
    for wrong in ("", "{", "[]", "null", "7", '"x"', "{} {}", "{\"agent\":}", "\x00"):
        text = refused(client, function, keys, wrong)
        assert text and text.startswith("BADARG field="), (function, wrong, text)
    assert refused(client, function, keys, json.dumps(given), "{}").startswith("BADARG field=json")
    assert dump(client) == before, function


@pytest.mark.parametrize("function", CALLS)
def test_wrong_arguments_change_nothing(own_server, stage, function):
    client = own_server.client
    check_function(client, function, [stage.key, stage.key + ":-"], CALLS[function], dump(client))


@pytest.mark.parametrize("function", ACCOUNT_CALLS)
def test_wrong_account_arguments_change_nothing(own_server, stage, function):
    client = own_server.client
    check_function(client, function, ["t:{@acc}"], ACCOUNT_CALLS[function], dump(client))


def test_wrong_headers_change_nothing(own_server, stage):
    client, keys = own_server.client, [stage.key, stage.key + ":-"]
    if "s" not in stage.seq:
        stage.open()
    before = dump(client)
    for field, wrong, why in mutations(HEADER):
        if field == "surprise" or why == "missing" and field in ("no_horizon", "test_now"):
            continue
        text = refused(client, "mention_ingest", keys, json.dumps({**wrong, "m": [entry("new")]}),
                       "{}")
        assert text and text.startswith(f"BADARG field={field}"), (field, why, text)
    for m in WRONG:
        if m in ([], {}):
            continue
        text = refused(client, "mention_ingest", keys, json.dumps({**HEADER, "m": m}), "{}")
        assert text and text.startswith("BADARG "), (m, text)
    assert dump(client) == before


def test_wrong_mentions_change_nothing(own_server, stage):
    client, keys = own_server.client, [stage.key, stage.key + ":-"]
    before = dump(client)
    for field, wrong, why in mutations(ENTRY):
        if field == "surprise":
            continue
        if why == "missing" and field not in ("id", "network", "class", "created_at"):
            continue
        if field in ("native", "conversation", "in_reply_to", "author", "place", "repost_of",
                     "lang") and wrong.get(field) == "\n":
            continue
        header = {**HEADER, "m": [entry("fine"), wrong]}
        text = refused(client, "mention_ingest", keys, json.dumps(header), "{}", "{}")
        assert text and text.startswith(f"BADARG mention=1 field={field}"), (field, why, text)
    assert dump(client) == before


def test_the_calls_are_right_but_for_that():
    """What was mutated above is what succeeds: else the errors would prove nothing."""
    for function, given in CALLS.items():
        server = Server()
        try:
            brand = staged(server.client)
            assert brand.raw(function, json.dumps(given)) is not None
        finally:
            server.stop()


def test_refusals_by_state_change_nothing(own_server, stage):
    client = own_server.client
    client.call("HSET", stage.key, "max_claims", "1")
    before = dump(client)
    for function, given, word in [
        ("mention_claim", {"agent": "alice"}, "TOOMANY"),
        ("mention_claim", {"agent": "alice", "id": "net:waits"}, "TOOMANY"),
        ("mention_claim", {"agent": "bob", "id": "net:held"}, "HELD"),
        ("mention_claim", {"agent": "bob", "id": "net:done"}, "BADSTATE"),
        ("mention_claim", {"agent": "bob", "id": "net:none"}, "NOSUCHMENTION"),
        ("mention_claim", {"agent": "bob", "id": "net:waits", "case": "net:waits"}, "BADARG"),
        ("mention_renew", {"agent": "bob", "id": "net:held"}, "NOTOWNER"),
        ("mention_release", {"agent": "bob"}, "BADARG"),
        ("mention_dismiss", {"agent": "bob", "id": "net:held"}, "HELD"),
        ("mention_reopen", {"agent": "bob", "id": "net:done"}, "NOTOWNER"),
        ("mention_reopen", {"agent": "alice", "id": "net:done"}, "TOOMANY"),
        ("source_open", {"source": "s", "lease": "0:zzzz"}, "STALE"),
        ("mention_refuse", {"source": "s", "lease": "9:zzzz", "reason": "x"}, "STALE"),
    ]:
        keys = [stage.key, stage.key + ":-"]
        text = refused(client, function, keys, json.dumps({**given, "test_now": T0}))
        assert text and text.startswith(word), (function, given, text)
    assert dump(client) == before
