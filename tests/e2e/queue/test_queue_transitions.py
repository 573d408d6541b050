"""Each row of the transitions' table: who may, what it becomes, which event says so."""
import json

import pytest

from brand import HOUR, MINUTE, T0, TARGET, entry


def held(brand, agent="alice", name="a", **fields):
    brand.hear(name, **fields)
    brand.claim(agent, id=f"net:{name}")
    return f"net:{name}"


def test_claim_renew_resolve(brand):
    brand.hear("a")
    first = brand.claim("alice")
    assert (first["id"], first["owner"], first["lease_until"]) == \
        ("net:a", "alice", T0 + 15 * MINUTE)
    assert first["mention"] == {"id": "net:a", "text": "it is broken"}
    brand.now += MINUTE
    assert brand.act("renew", id="net:a")["lease_until"] == T0 + 16 * MINUTE
    assert brand.act("renew", id="net:a", lease=HOUR)["lease_until"] == T0 + 61 * MINUTE
    done = brand.act("resolve", id="net:a", outcome="fixed", cause="login", note="x\ny",
                     reply_url="https://x/1")
    assert done == {"id": "net:a", "state": "resolved", "case": "net:a", "resolved": 1, "left": 0}
    seen = brand.get("a")
    assert (seen["outcome"], seen["cause"], seen["note"], seen["by"]) == \
        ("fixed", "login", "x\ny", "alice")
    assert brand.kinds() == ["mention.heard", "claimed", "resolved"]


def test_nothing_to_claim_is_null(brand):
    assert brand.claim() is None


def test_release_gives_the_old_place_back(brand):
    brand.hear("a", created_at=brand.now - 1000)
    brand.hear("b")
    due = brand.claim("alice", id="net:a")["due_at"]
    assert brand.act("release", id="net:a")["state"] == "queued"
    again = brand.claim("bob")
    assert (again["id"], again["due_at"]) == ("net:a", due)
    assert brand.events("released")[0]["by"] == "alice"


def test_release_all_at_the_end_of_a_shift(brand):
    for name in "abc":
        held(brand, name=name)
    assert brand.act("release", all=True) == {"released": 3, "cases": 3}
    assert [brand.state(n) for n in "abc"] == ["queued"] * 3
    assert brand.stats(agent="alice")["mine"] == []


@pytest.mark.parametrize("verb,fields", [
    ("renew", {}), ("release", {}), ("resolve", {"outcome": "fixed"}), ("snooze", {"for": 60000}),
    ("assign", {"to": "carl"}), ("escalate", {}),
])
def test_only_the_owner_acts(brand, verb, fields):
    id_ = held(brand)
    assert brand.refused("mention_" + verb, agent="bob", id=id_, **fields) == "NOTOWNER owner=alice"
    brand.hear("q")
    assert brand.refused("mention_" + verb, agent="bob", id="net:q", **fields) == \
        "BADSTATE state=queued"
    assert brand.refused("mention_" + verb, agent="bob", id="net:zz", **fields) == "NOSUCHMENTION id=net:zz"


def test_a_lease_that_ran_out_is_nobodys(brand):
    id_ = held(brand)
    brand.now += 15 * MINUTE
    assert brand.refused("mention_renew", agent="alice", id=id_) == "BADSTATE state=queued"
    assert brand.claim("bob", id=id_)["owner"] == "bob"
    assert brand.kinds()[-2:] == ["expired", "claimed"]


def test_held_names_owner_and_times(brand):
    held(brand)
    assert brand.refused("mention_claim", agent="bob", id="net:a") == \
        f"HELD by=alice since={T0} until={T0 + 15 * MINUTE}"
    assert brand.refused("mention_dismiss", agent="bob", id="net:a").startswith("HELD by=alice")


def test_dismiss(brand):
    brand.hear("a", "b")
    assert brand.act("dismiss", "bob", id="net:a", reason="spam")["state"] == "dismissed"
    brand.claim("alice", id="net:b")
    assert brand.act("dismiss", "alice", id="net:b")["state"] == "dismissed"
    assert brand.refused("mention_dismiss", agent="bob", id="net:a") == "BADSTATE state=dismissed"
    assert brand.refused("mention_claim", agent="bob", id="net:a") == "BADSTATE state=dismissed"
    assert [e["cause"] for e in brand.events("dismissed")] == ["spam", ""]
    assert brand.claim() is None


def test_reopen_by_who_did_it_within_10_minutes(brand):
    id_ = held(brand)
    brand.act("resolve", id=id_, outcome="answered")
    assert brand.refused("mention_reopen", agent="bob", id=id_) == "NOTOWNER owner=alice"
    brand.now += 10 * MINUTE
    assert brand.act("reopen", id=id_)["state"] == "claimed"
    assert brand.get("a")["owner"] == "alice"
    assert "outcome" not in brand.get("a")
    brand.act("resolve", id=id_, outcome="answered")
    brand.now += 10 * MINUTE + 1
    assert brand.refused("mention_reopen", agent="alice", id=id_).startswith("BADSTATE state=resolved")
    assert brand.act("reopen", "lea", id=id_)["state"] == "claimed"
    assert brand.get("a")["owner"] == "lea"
    assert len(brand.events("reopened")) == 2
    assert brand.refused("mention_reopen", agent="lea", id=id_) == "BADSTATE state=claimed"


def test_snooze_and_wake(brand):
    id_ = held(brand)
    assert brand.act("snooze", id=id_, **{"for": HOUR})["wake_at"] == T0 + HOUR
    assert brand.get("a")["owner"] == "alice"
    assert brand.refused("mention_claim", agent="bob", id=id_) == "BADSTATE state=snoozed"
    brand.wait(HOUR - 1)
    assert brand.state("a") == "snoozed"
    brand.wait(1)
    seen = brand.get("a")
    assert (seen["state"], seen["waits_for"], seen["due_at"]) == ("queued", "alice", T0 + HOUR)
    assert brand.events("woke")[0]["by"] == "alice"
    assert brand.claim("bob") is None
    assert brand.claim("alice")["id"] == id_


def test_snooze_wants_a_time(brand):
    id_ = held(brand)
    for fields in ({}, {"wake_at": T0}, {"wake_at": T0 + 31 * 24 * HOUR},
                   {"wake_at": T0 + 1, "for": 5000}):
        assert brand.refused("mention_snooze", agent="alice", id=id_, **fields) \
            .startswith("BADARG field=")


def test_assign(brand):
    id_ = held(brand)
    assert brand.act("assign", id=id_, to="bob")["owner"] == "bob"
    assert brand.refused("mention_renew", agent="alice", id=id_) == "NOTOWNER owner=bob"
    assert brand.act("renew", "bob", id=id_)["state"] == "claimed"
    assert brand.events("assigned")[0]["to"] == "bob"
    brand.hear("q")
    assert brand.refused("mention_assign", agent="bob", id="net:q", to="carl") == \
        "BADSTATE state=queued"
    assert brand.act("assign", "lea", id="net:q", to="carl")["owner"] == "carl"
    assert brand.stats(agent="carl")["mine"][0]["mentions"] == ["net:q"]


def test_escalate_to_tier_1_or_to_somebody(brand):
    id_ = held(brand)
    assert brand.act("escalate", id=id_)["tier"] == 1
    assert brand.claim("bob") is None
    assert brand.claim("bob", tier=1)["id"] == id_
    brand.act("escalate", "bob", id=id_)
    assert brand.claim("lea")["id"] == id_
    assert brand.act("escalate", "lea", id=id_, to="carl")["owner"] == "carl"
    brand.hear("q")
    assert brand.act("escalate", "lea", id="net:q")["state"] == "queued"
    assert brand.claim("bob", tier=1)["id"] == "net:q"
    assert len(brand.events("escalated")) == 4


def test_reclassify(brand):
    brand.hear("a")
    brand.act("reclassify", id="net:a", **{"class": "outage"})
    seen = brand.get("a")
    assert (seen["class"], seen["lane"], seen["due_at"]) == \
        ("outage", "0:outage:en:net", T0 + 5 * MINUTE)
    assert brand.claim("bob", classes=["outage"])["id"] == "net:a"
    assert brand.refused("mention_reclassify", agent="alice", id="net:a",
                         **{"class": "praise"}) == "NOTOWNER owner=bob"
    assert brand.act("reclassify", "bob", id="net:a", **{"class": "praise"})["from"] == "outage"
    assert brand.state("a") == "claimed"
    brand.act("reclassify", "bob", id="net:a", **{"class": "none"})
    assert brand.state("a") == "dismissed"
    assert [e["from"] for e in brand.events("reclassified")] == ["complaint", "outage", "praise"]
    assert brand.stats(agent="bob")["mine"] == []


def test_reclassify_queues_what_was_not(brand):
    brand.ingest(entry("n", **{"class": "none"}))
    assert brand.state("n") == "unqueued"
    brand.act("reclassify", id="net:n", lang="de", **{"class": "complaint"})
    assert brand.claim("bob", langs=["de"])["id"] == "net:n"


def test_own_reply_on_the_network_answers(brand):
    brand.hear("a", "b")
    brand.claim("alice", id="net:b")
    brand.ingest(entry("r1", own=1, in_reply_to="a", created_at=T0 + 5),
                 entry("r2", own=1, in_reply_to="b", created_at=T0 + 5))
    assert brand.get("a")["outcome"] == "answered"
    assert brand.get("a")["by"] == "network"
    assert brand.state("b") == "claimed"
    assert brand.get("b")["answered_at"] == T0 + 5
    assert [e.get("state") for e in brand.events("answered")] == ["resolved", "claimed"]
    assert brand.claim("bob") is None


def test_own_reply_seen_before_what_it_answers(brand):
    brand.ingest(entry("r1", own=1, in_reply_to="a", created_at=T0 + 5))
    brand.hear("a")
    assert brand.state("a") == "resolved"
    assert brand.claim() is None


def test_own_reply_leaves_what_was_written_after_it(brand):
    brand.ingest(entry("a", conversation="k", author="u", created_at=T0),
                 entry("b", conversation="k", author="u", created_at=T0 + 10))
    brand.ingest(entry("r", own=1, in_reply_to="a", conversation="k", created_at=T0 + 5))
    assert [brand.state(n) for n in "ab"] == ["resolved", "queued"]
    assert brand.claim_id() == "b"


def test_resolving_a_case_leaves_what_was_not_shown(brand):
    brand.ingest(*[entry(n, conversation="k", author="u") for n in "abc"])
    first = brand.claim()
    assert (first["id"], sorted(first["waiting"])) == ("net:a", ["net:b", "net:c"])
    assert [x["id"] for x in first["context"]["case"]] == ["net:c", "net:b"]
    brand.now += 1000
    brand.ingest(entry("d", conversation="k", author="u", created_at=brand.now))
    done = brand.act("resolve", case=first["case"], outcome="fixed")
    assert (done["resolved"], done["left"]) == (3, 1)
    assert [brand.state(n) for n in "abcd"] == ["resolved"] * 3 + ["queued"]
    assert brand.claim("bob") is None
    assert brand.claim_id("alice") == "d"


def test_too_many(make_brand):
    brand = make_brand(max_claims=2)
    brand.hear("a", "b", "c")
    brand.claim(), brand.claim()
    assert brand.refused("mention_claim", agent="alice") == "TOOMANY holding=2"
    assert brand.refused("mention_claim", agent="alice", id="net:c") == "TOOMANY holding=2"
    assert brand.claim_id("bob") == "c"
    brand.now += 15 * MINUTE
    assert brand.claim("alice") is not None


def test_a_repeated_request_changes_nothing(brand):
    brand.hear("a", "b")
    first = brand.claim(req="r1")
    assert brand.claim(req="r1") == first
    assert brand.stats()["counts"]["claimed"] == 1
    done = brand.act("resolve", id=first["id"], outcome="fixed", req="r2")
    assert brand.act("resolve", id=first["id"], outcome="fixed", req="r2") == done
    assert brand.claim(req="r1") == first
    assert brand.refused("mention_resolve", agent="alice", id="net:b", outcome="fixed", req="r1") \
        .startswith("BADARG field=req")


def test_only_the_last_16_requests_are_kept(brand):
    brand.hear(*[f"m{i}" for i in range(3)])
    brand.claim(req="old")
    for i in range(16):
        brand.now += 1
        brand.act("renew", id="net:m0", req=f"r{i}")
    assert brand.client.call("EXISTS", brand.key + ":req:alice|old") == 0
    assert brand.client.call("EXISTS", brand.key + ":req:alice|r0") == 1
    assert brand.client.call("PTTL", brand.key + ":req:alice|r15") <= HOUR


def test_reposts_and_own_posts_are_no_work(brand):
    brand.hear("a")
    reply = brand.ingest(entry("rp", repost_of="a"), entry("own", own=1))
    assert reply == {"seq": 2, "new": 2, "known": 0, "old": 0, "queued": 0, "unqueued": 2}
    assert brand.get("a")["reposts"] == 1
    assert brand.stats()["counts"]["reposts"] == 1
    assert brand.claim_id() == "a"
    assert brand.claim() is None


@pytest.mark.parametrize("policy,queued", [("addressed", ["y"]), ("all", ["x", "y"]), ("never", [])])
def test_none_is_queued_by_policy(make_brand, policy, queued):
    brand = make_brand(queue_none=policy)
    brand.ingest(entry("x", **{"class": "none"}), entry("y", addressed=1, **{"class": "none"}))
    assert [n for n in "xy" if brand.state(n) == "queued"] == queued


def test_an_agents_name_is_seen(brand):
    brand.hear("a")
    brand.claim("alice")
    agents = brand.stats()["agents"]
    assert agents == [{"agent": "alice", "seen_at": T0, "holding": 1, "own": 0}]


def hear_from(brand, author, *names):
    """Bodies as the daemon writes them: what is kept of an author is found in them."""
    header = brand.header([entry(n, author=author, created_at=brand.now) for n in names])
    bodies = [json.dumps({"id": f"net:{n}", "text": 'say "author":{"id":"mallory"',
                          "author": {"id": author}}, separators=(",", ":")) for n in names]
    brand.raw("mention_ingest", json.dumps(header), *bodies)
    brand.seq["s"] = (header["seq"], header["lease"])


def test_a_claim_tells_how_the_authors_last_mentions_ended(brand):
    hear_from(brand, "jo", *[f"m{i}" for i in range(12)])
    hear_from(brand, "mallory", "other")
    brand.claim("bob", id="net:other")
    brand.act("resolve", "bob", id="net:other", outcome="refused")
    for i in range(11):
        brand.now += 1000
        assert len(brand.claim(id=f"net:m{i}")["context"]["author"]) == min(i, 10)
        brand.act("resolve", id=f"net:m{i}", outcome="fixed" if i % 2 else "answered")
    past = brand.claim(id="net:m11")["context"]["author"]
    assert [p["id"] for p in past] == [f"net:m{i}" for i in range(10, 0, -1)]
    assert past[0]["state"] == "resolved" and past[0]["outcome"] == "answered"
    assert past[0]["by"] == "alice" and past[0]["mention"]["id"] == "net:m10"


def test_what_was_ended_while_it_waited_has_its_old_place_when_reopened(brand):
    brand.hear("a", lang="de")
    brand.act("dismiss", id="net:a")
    brand.act("reopen", id="net:a")
    brand.act("release", id="net:a")
    got = brand.get("a")
    assert (got["state"], got["lane"], got["due_at"]) == ("queued", "0:complaint:de:net", T0 + TARGET["complaint"])


def test_an_answer_from_the_brand_can_be_reopened_by_a_lead(brand):
    brand.hear("reply", own=1, in_reply_to="a")
    brand.hear("a", created_at=brand.now - MINUTE)
    assert brand.get("a")["outcome"] == "answered"
    brand.act("reopen", "lea", id="net:a")
    brand.wait(20 * MINUTE)
    assert brand.get("a")["lane"] == "0:complaint:en:net"


def test_an_authors_dismissed_mention_is_told_and_a_reopened_one_is_told_as_it_is(brand):
    hear_from(brand, "jo", "a", "b", "c")
    brand.act("dismiss", id="net:a", reason="spam")
    brand.act("dismiss", id="net:b")
    brand.act("reopen", id="net:b")
    past = brand.claim("bob", id="net:c")["context"]["author"]
    assert {p["id"]: p["state"] for p in past} == {"net:a": "dismissed", "net:b": "claimed"}
