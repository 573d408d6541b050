"""Which mentions are one case, and who has it."""
import json

import pytest

from brand import DAY, HOUR, MINUTE, T0, entry


def case(brand, name):
    return brand.get(name)["case"]


def talk(brand, name, **fields):
    fields.setdefault("created_at", brand.now)
    brand.ingest(entry(name, **fields))


def test_alone_it_is_its_own_case_and_costs_no_key(brand):
    talk(brand, "a", author="u")
    assert case(brand, "a") == "net:a"
    kinds = {k.decode().split("}:")[1].split(":")[0]
             for k in brand.client.call("KEYS", brand.key.replace("{", "[{]") + ":*")}
    assert kinds == {"agents", "counts", "events", "heads", "m", "networks", "q", "source", "timers"}


def test_a_reply_joins_what_it_answers(brand):
    talk(brand, "a", author="u")
    talk(brand, "b", author="v", in_reply_to="a")
    talk(brand, "c", author="w", in_reply_to="b")
    assert {case(brand, n) for n in "abc"} == {"net:a"}
    assert sorted(brand.claim()["waiting"]) == ["net:b", "net:c"]


def test_context_tells_what_is_work_and_what_is_not(brand):
    talk(brand, "a", author="u", conversation="k")
    talk(brand, "n", author="u", conversation="k", **{"class": "none"})
    talk(brand, "b", author="u", conversation="k")
    assert [(x["id"], x["state"]) for x in brand.get("a")["others"]] == \
        [("net:n", "unqueued"), ("net:b", "queued")]
    assert {x["id"]: x["state"] for x in brand.claim()["context"]["case"]} == \
        {"net:n": "unqueued", "net:b": "queued"}


def test_names_come_back_as_they_were_written(brand):
    name = 'at://did:x\\/"é/1'
    brand.ingest(entry(name))
    assert brand.claim()["id"] == "net:" + name
    assert b"at://did" in brand.raw("mention_get", '{"id":%s}' % json.dumps("net:" + name))


def test_in_one_batch(brand):
    brand.ingest(entry("a"), entry("b", in_reply_to="a"), entry("c", in_reply_to="b"))
    assert {case(brand, n) for n in "abc"} == {"net:a"}
    assert len(brand.claim()["waiting"]) == 2


def test_a_late_parent_joins(brand):
    talk(brand, "c", in_reply_to="b")
    talk(brand, "b", in_reply_to="a")
    talk(brand, "a")
    assert {case(brand, n) for n in "abc"} == {"net:c"}
    assert brand.claim()["context"]["counts"] == {"case": 3, "claimed": 1, "waiting": 2}


def test_a_late_parent_in_one_batch(brand):
    brand.ingest(entry("c", in_reply_to="b"), entry("b", in_reply_to="a"), entry("a"))
    assert {case(brand, n) for n in "abc"} == {"net:c"}


def test_a_conversation_is_a_case(brand):
    talk(brand, "a", conversation="k")
    talk(brand, "b", conversation="k")
    assert case(brand, "a") == case(brand, "b") == "net:k"
    assert len(brand.claim()["waiting"]) == 1


def test_the_root_named_as_conversation(brand):
    talk(brand, "k", conversation="k")
    talk(brand, "a", conversation="k", in_reply_to="k")
    assert case(brand, "k") == case(brand, "a") == "net:k"


def test_under_a_post_of_the_brand_each_customer_is_a_case(brand):
    talk(brand, "a", author="u", conversation="p", in_reply_to="p", root_own=1, own_parent=1)
    talk(brand, "b", author="v", conversation="p", in_reply_to="p", root_own=1, own_parent=1)
    talk(brand, "c", author="u", conversation="p", in_reply_to="a", root_own=1)
    talk(brand, "d", author="w", in_reply_to="a")
    assert case(brand, "a") == case(brand, "c") == "net:p|u"
    assert case(brand, "b") == "net:p|v"
    assert case(brand, "d") == "net:p|w"


def test_without_a_conversation_the_parents_owner_decides(brand):
    talk(brand, "a", author="u", in_reply_to="p", own_parent=1)
    talk(brand, "b", author="v", in_reply_to="p", own_parent=1)
    assert case(brand, "a") == "net:p|u"
    assert case(brand, "b") == "net:p|v"


def test_an_answer_to_the_brands_answer_stays_in_the_case(brand):
    talk(brand, "a", author="u")
    talk(brand, "r", own=1, in_reply_to="a", created_at=T0 + 1)
    talk(brand, "b", author="u", in_reply_to="r", own_parent=1, created_at=T0 + 2)
    assert case(brand, "b") == "net:a"
    assert brand.state("b") == "queued"


def test_twenty_authors_fill_a_case(brand):
    for i in range(20):
        talk(brand, f"m{i}", author=f"u{i}", conversation="k")
    talk(brand, "x", author="u20", conversation="k")
    talk(brand, "y", author="u3", conversation="k")
    assert case(brand, "m19") == case(brand, "y") == "net:k"
    assert case(brand, "x") == "net:k|u20"


def test_the_younger_becomes_an_alias_of_the_older(brand):
    talk(brand, "a", author="u")
    brand.now += MINUTE
    talk(brand, "b", conversation="k", author="u")
    talk(brand, "c", conversation="k", in_reply_to="a", author="u")
    assert {case(brand, n) for n in "abc"} == {"net:a"}
    merged = brand.events("case.merged")
    assert [(e["case"], e["from"]) for e in merged] == [("net:a", "net:k")]
    first = brand.claim()
    assert sorted(first["waiting"]) == ["net:b", "net:c"]
    assert brand.claim("bob") is None


def test_merged_while_the_younger_is_held(brand):
    talk(brand, "a", author="u")
    brand.now += MINUTE
    talk(brand, "b", conversation="k", author="u")
    brand.claim("bob", id="net:b")
    talk(brand, "c", conversation="k", in_reply_to="a", author="u")
    assert brand.refused("mention_claim", agent="alice", id="net:a").startswith("HELD by=bob")
    assert brand.act("resolve", "bob", id="net:b", outcome="fixed")["case"] == "net:a"
    assert {brand.claim_id("bob"), brand.claim_id("bob")} == {"a", "c"}


def test_merged_while_two_hold_them(brand):
    talk(brand, "a", author="u")
    brand.now += MINUTE
    talk(brand, "b", conversation="k", author="u")
    brand.claim("alice", id="net:a")
    brand.claim("bob", id="net:b")
    talk(brand, "c", conversation="k", in_reply_to="a", author="u")
    event = brand.events("case.merged")[0]
    assert (event["owner"], event["other"]) == ("alice", "bob")
    assert (brand.get("a")["owner"], brand.get("b")["owner"]) == ("alice", "bob")
    assert brand.get("c")["waits_for"] == "alice"
    assert brand.act("resolve", "bob", id="net:b", outcome="fixed")["state"] == "resolved"
    assert brand.claim_id("alice") == "c"


def test_follow_ups_go_to_an_owner_who_is_here(brand):
    talk(brand, "a", author="u")
    brand.claim("alice")
    brand.act("resolve", id="net:a", outcome="answered")
    brand.now += 14 * MINUTE
    talk(brand, "b", author="u", in_reply_to="a")
    assert brand.get("b")["waits_for"] == "alice"
    assert brand.claim("bob") is None
    assert brand.claim_id("alice") == "b"
    event = brand.events("reopened")[0]
    assert (event["id"], event["by"], event["owner"]) == ("net:b", "customer", "alice")


def test_follow_ups_of_an_absent_owner_go_to_the_lane_with_a_hint(brand):
    talk(brand, "a", author="u")
    brand.claim("alice")
    brand.act("resolve", id="net:a", outcome="answered")
    brand.now += 16 * MINUTE
    talk(brand, "b", author="u", in_reply_to="a")
    assert brand.get("b")["hint"] == "alice"
    claimed = brand.claim("bob")
    assert (claimed["id"], claimed["hint"]) == ("net:b", "alice")


def test_what_the_owner_does_not_claim_is_given_back(brand):
    talk(brand, "a", author="u", **{"class": "praise"})
    brand.claim("alice")
    brand.act("resolve", id="net:a", outcome="answered")
    talk(brand, "b", author="u", in_reply_to="a", **{"class": "praise"})
    brand.wait(10 * MINUTE - 1)
    assert brand.claim("bob") is None
    brand.now += 1
    assert brand.claim_id("bob") == "b"
    assert brand.get("b")["owner"] == "bob"


def test_half_the_target_is_sooner_than_10_minutes(brand):
    talk(brand, "a", author="u")
    brand.claim("alice")
    brand.act("resolve", id="net:a", outcome="answered")
    talk(brand, "b", author="u", in_reply_to="a", **{"class": "outage"})
    brand.wait(2 * MINUTE + 30_000)
    assert brand.claim_id("bob") == "b"


def test_nothing_is_given_back_while_the_case_is_held(brand):
    talk(brand, "a", author="u")
    brand.claim("alice", lease=HOUR)
    talk(brand, "b", author="u", in_reply_to="a")
    brand.wait(59 * MINUTE)
    assert brand.claim("bob") is None
    brand.wait(MINUTE)
    assert {brand.claim_id("bob"), brand.claim_id("bob")} == {"a", "b"}


def test_owning_ends_72_hours_after_the_last_act(brand):
    talk(brand, "a", author="u")
    brand.claim("alice")
    brand.act("resolve", id="net:a", outcome="answered")
    brand.wait(72 * HOUR + 1)
    brand.claim("alice")
    talk(brand, "b", author="u", in_reply_to="a")
    assert brand.claim_id("bob") == "b"
    assert brand.events("reopened") == []


def test_a_large_case_follows_its_owner_in_steps(brand):
    for at in range(0, 300, 100):
        brand.ingest(*[entry(f"m{i}", conversation="k", author="u") for i in range(at, at + 100)])
    brand.hear("other")
    assert len(brand.claim("alice")["waiting"]) == 100
    assert brand.claim_id("bob") == "other"
    assert brand.claim("bob") is None
    brand.settle()
    assert brand.stats()["agents"][-1]["own"] == 299
    assert brand.act("release", case="net:k")["released"] == 1
    brand.settle()
    assert brand.stats()["waiting"]["complaint"]["waiting"] == 300


@pytest.mark.parametrize("days", [1, 50])
def test_a_customer_may_come_back_after_a_long_time(brand, days):
    talk(brand, "a", author="u", conversation="k")
    brand.claim("alice")
    brand.act("resolve", id="net:a", outcome="answered")
    brand.now += days * DAY
    talk(brand, "b", author="u", conversation="k")
    assert brand.claim_id("bob") == "b"


def test_a_merger_of_large_cases_loses_and_doubles_nothing(make_brand):
    brand = make_brand(max_claims=1000)
    talk(brand, "a", author="u")
    brand.now += MINUTE
    for at in range(0, 300, 100):
        brand.ingest(*[entry(f"m{i}", conversation="k", author="u", created_at=brand.now)
                       for i in range(at, at + 100)])
    talk(brand, "c", conversation="k", in_reply_to="a", author="u")
    got = {}
    for n in range(400):
        agent = f"g{n % 7}" if n < 14 else "g0"
        one = brand.claim_id(agent)
        if one:
            assert one not in got
            got[one] = agent
        if n % 50 == 0:
            brand.tick()
    assert len(got) == 302
    assert len(set(got.values())) == 1
    assert len({e["id"] for e in brand.events("claimed")}) == len(brand.events("claimed")) == 302
