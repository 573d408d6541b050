"""An outage in the queue: the detector's commits, one item for agents, what people do with it."""
import json

import pytest

from brand import DAY, HOUR, MINUTE, entry
from lib.resp import RedisError
from outages import Outages

NAMES = [f"r{i}" for i in range(6)]


@pytest.fixture
def brand(client):
    return Outages(client)


def dump(brand):
    keys = sorted(k for k in brand.client.call("KEYS", brand.key.replace("{", "?") + ":*"))
    assert keys
    return {k: brand.client.call("DUMP", k) for k in keys}


def refusal(brand, commit, state=None):
    try:
        brand.send(commit, state)
    except RedisError as e:
        return e.text
    raise AssertionError("not refused")


# the detector's step --------------------------------------------------------------------------------


def test_a_commit_opens_an_outage_and_says_so(brand):
    reply = brand.open_outage(*NAMES, examples=["net:r0", "net:r1"])
    assert reply == {"position": "0-1", "changes": 1, "said": 1, "members": 6}
    event = brand.events("outage.opened")[0]
    assert event == {"type": "outage.opened", "id": "acme-1", "event": "acme-1/opened/1", "at": str(brand.now),
                     "topic": "login", "places": "leeds", "since": str(brand.now - MINUTE), "people": "12",
                     "reports": "14", "per_minute": "2.5", "expected": "0.04", "score": "17.2",
                     "networks": "net", "examples": "net:r0,net:r1", "shadow": "", "beside": ""}
    assert brand.stats()["counts"]["outage.opened"] == 1


def test_what_explain_needs_is_kept_from_the_opening(brand):
    brand.open_outage(*NAMES, why='{"lighter":[{"id":"net:r1","weight":"0.5","because":"young"}]}')
    brand.commit(brand.change(2, "grew", people=40, per_minute="8", score="17.2"))
    o = brand.outage()
    assert (o["people"], o["per_minute"]) == (40, 8)
    assert o["opened"] == {"people": 12, "per_minute": 2.5, "expected": 0.04, "score": 17.2, "threshold": 10}
    assert json.loads(o["why"])["lighter"][0]["because"] == "young"


def test_the_same_commit_again_changes_nothing(brand):
    brand.report(*NAMES)
    commit = {"from": "0-0", "to": "5-0", "changes": [brand.change(members=NAMES)]}
    first = brand.send(commit, b"state")
    before = dump(brand)
    assert brand.send(commit, b"other") == first
    assert dump(brand) == before


def test_another_position_is_stale(brand):
    brand.open_outage(*NAMES)
    before = dump(brand)
    for given in ({"from": "0-0", "to": "9-0"}, {"from": "0-2", "to": "0-3"}, {"from": "0-0", "to": "0-0"}):
        assert refusal(brand, {**given, "changes": []}) == "STALE position=0-1"
    assert refusal(brand, {"from": "0-1", "to": "0-0"}).startswith("BADARG field=to")
    assert dump(brand) == before


def test_parts_of_one_position_do_no_harm_when_repeated(brand):
    brand.report(*NAMES)
    part = {"from": "0-0", "to": "0-0", "changes": [brand.change(members=NAMES[:3])]}
    assert brand.send(part)["members"] == 3
    assert brand.send(part) == {"position": "0-0", "changes": 1, "said": 0, "members": 0}
    rest = {"from": "0-0", "to": "7-0", "changes": [brand.change(members=NAMES[2:])]}
    assert brand.send(rest) == {"position": "7-0", "changes": 1, "said": 0, "members": 3}
    assert len(brand.events("outage.opened")) == 1
    assert brand.outage()["members"] == 6


def test_only_the_lease_that_was_opened_last_commits(brand):
    brand.fcall("outage_open", lease="2:other")
    assert refusal(brand, {"from": "0-0", "to": "1-0"}) == "STALE lease=2"
    assert brand.refused("outage_open", lease="1:detector") == "STALE lease=2"
    brand.lease = "2:other"
    brand.commit()


def test_a_takeover_finds_position_state_and_what_is_open(brand):
    brand.open_outage(*NAMES, outage="acme-1")
    brand.commit(brand.change(1, outage="acme-2"), state=b"\x00\xff state")
    brand.commit(brand.change(2, "over", outage="acme-1"))
    reply = brand.fcall("outage_open", lease="2:next")
    assert (reply["position"], reply["state_at"], reply["state_bytes"]) == ("0-3", "0-2", 8)
    assert [o["id"] for o in reply["open"]] == ["acme-2"]
    assert brand.raw("outage_state", "{}", call="FCALL_RO") == b"\x00\xff state"


def test_no_state_yet(brand):
    assert brand.raw("outage_state", "{}", call="FCALL_RO") is None
    assert brand.fcall("outage_open", lease="1:detector") == {
        "position": "0-0", "state_at": "", "state_bytes": 0, "open": []}


def test_trimming_waits_for_the_state(brand):
    first = brand.now
    brand.hear("old")
    brand.commit(to=f"{first}-0", state=b"s")
    brand.wait(3 * HOUR)
    brand.hear("new")
    brand.commit(to=f"{brand.now}-0")  # a position without a state
    brand.wait(3 * HOUR)
    assert brand.client.call("HGET", brand.key + ":readers", "outages") == f"{first}-0".encode()
    assert [e["id"] for e in brand.events("mention.heard")] == ["net:old", "net:new"]


def test_older_news_bring_members_only(brand):
    brand.open_outage(*NAMES)
    brand.report("late")
    brand.commit(brand.change(3, "over", people=40))
    brand.commit(brand.change(2, "grew", ["late"], people=20, topic="payments"))
    o = brand.outage()
    assert (o["state"], o["people"], o["topic"], o["members"]) == ("over", 40, "login", 7)
    assert not brand.events("outage.grew")


def test_updates_are_silent_and_unset_what_they_say(brand):
    brand.open_outage(*NAMES)
    said = len(brand.events())
    brand.commit(brand.change(2, "updated", topic="", places=[], people=13))
    o = brand.outage()
    assert "topic" not in o and o["places"] == [] and o["people"] == 13
    assert len(brand.events()) == said


def test_a_series_is_bounded_and_each_minute_has_one_point(brand):
    brand.commit(brand.change(series=["60000:1:0.04", "120000:3:0.05"]))
    brand.commit(brand.change(2, "updated", series=["120000:4:0.05"]))
    assert brand.outage()["series"] == [[60000, 1, 0.04], [120000, 4, 0.05]]
    for hour in range(30):
        brand.commit(brand.change(3 + hour, "updated", series=[
            f"{(hour * 60 + m) * MINUTE}:{m}:1" for m in range(60)]))
    series = brand.outage()["series"]
    assert len(series) == 1440 and series[-1][0] == 1799 * MINUTE


# one item in the queue ------------------------------------------------------------------------------


def test_its_mentions_leave_their_lane_and_are_one_item(brand):
    brand.open_outage(*NAMES)
    assert brand.lane() == []
    assert brand.outage()["waiting"] == 6
    got = brand.claim("alice")
    assert got["outage"]["id"] == "acme-1" and got["owner"] == "alice"
    assert got["outage"]["waiting"] == 6 and got["lease_until"] == brand.now + 15 * MINUTE
    assert brand.claim("bob") is None
    assert brand.events("outage.claimed") == [{"type": "outage.claimed", "id": "acme-1", "by": "alice",
                                               "until": str(brand.now + 15 * MINUTE)}]


def test_figures_show_what_is_offered(brand):
    brand.open_outage(*NAMES)
    assert brand.stats()["outages"] == [{"id": "acme-1", "topic": "login", "people": 12, "waiting": 6,
                                         "due_at": brand.now + 5 * MINUTE}]
    brand.claim("alice")
    assert brand.stats()["outages"] == []


def test_the_reply_shows_the_most_telling_mentions(brand):
    brand.open_outage(*NAMES, examples=["net:r1", "net:gone"])
    got = brand.claim("alice", outage="acme-1")
    assert got["examples"] == [{"id": "net:r1", "mention": {"id": "net:r1", "text": "it is broken"}}]


def test_at_most_a_hundred_move_in_a_call_the_rest_by_tick(brand):
    names = [f"m{i}" for i in range(250)]
    brand.open_outage(*names)
    assert brand.outage()["waiting"] == 100 and len(brand.lane()) == 150
    brand.tick()
    assert brand.outage()["waiting"] == 200
    brand.settle()
    assert brand.outage()["waiting"] == 250 and brand.lane() == []
    assert brand.stats()["counts"]["now_pooled"] == 250


def test_the_item_comes_in_claim_order(brand):
    brand.report("alone", created_at=brand.now - 4 * MINUTE)
    brand.report("mine", created_at=brand.now - 3 * MINUTE)
    brand.commit(brand.change(members=["mine"]))
    brand.report("later")
    assert brand.claim_id("alice") == "alone"
    assert brand.claim("alice")["outage"]["id"] == "acme-1"
    assert brand.claim_id("alice") == "later"


def test_filters(brand):
    brand.open_outage(*NAMES)
    assert brand.claim("alice", classes=["complaint"]) is None
    assert brand.claim("alice", langs=["de"]) is None
    assert brand.claim("alice", networks=["other"]) is None
    assert brand.claim("lea", tier=1) is None
    assert brand.claim("alice", langs=["de", "en"], classes=["outage"])["outage"]["id"] == "acme-1"


def test_held_by_one(brand):
    brand.open_outage(*NAMES)
    brand.claim("alice", outage="acme-1")
    assert brand.refused("mention_claim", agent="bob", outage="acme-1").startswith("HELD by=alice")
    assert brand.refused("mention_renew", agent="bob", outage="acme-1") == "NOTOWNER owner=alice"
    assert brand.refused("mention_claim", agent="bob", outage="nope") == "NOSUCHOUTAGE id=nope"
    brand.now += MINUTE
    assert brand.act("renew", outage="acme-1", lease=HOUR)["lease_until"] == brand.now + HOUR
    assert brand.stats(agent="alice")["mine"] == [
        {"case": "outage|acme-1", "since": brand.now - MINUTE, "lease_until": brand.now + HOUR,
         "mentions": [], "waiting": 6}]


@pytest.mark.parametrize("how", [{"outage": "acme-1"}, {"all": True}])
def test_released_it_is_offered_again(brand, how):
    brand.open_outage(*NAMES)
    brand.claim("alice")
    brand.act("release", **how)
    assert brand.claim("bob")["owner"] == "bob"
    assert brand.events("outage.released")[0]["by"] == "alice"


def test_a_lease_that_ran_out(brand):
    brand.open_outage(*NAMES)
    brand.claim("alice")
    brand.wait(13 * MINUTE)
    assert brand.events("claim.expiring")[0]["case"] == "outage|acme-1"
    brand.wait(3 * MINUTE)
    assert brand.events("outage.released")[0]["kind"] == "expired"
    assert brand.claim("bob")["outage"]["id"] == "acme-1"


def test_an_outage_that_nobody_took_is_overdue_once(brand):
    brand.open_outage(*NAMES)
    brand.wait(4 * MINUTE)
    assert not brand.events("outage.overdue")
    brand.wait(2 * MINUTE)
    assert [e["id"] for e in brand.events("outage.overdue")] == ["acme-1"]
    brand.claim("alice")
    brand.act("release", outage="acme-1")
    brand.wait(HOUR)
    assert len(brand.events("outage.overdue")) == 1
    assert not brand.events("overdue")


def test_an_outage_that_somebody_holds_is_not_overdue(brand):
    brand.open_outage(*NAMES)
    brand.claim("alice", lease=HOUR)
    brand.wait(30 * MINUTE)
    assert not brand.events("outage.overdue")


def test_it_counts_among_what_one_may_hold(client):
    brand = Outages(client, max_claims=1)
    brand.open_outage(*NAMES)
    brand.claim("alice")
    brand.report("more")
    assert brand.refused("mention_claim", agent="alice") == "TOOMANY holding=1"
    assert brand.claim("alice", outage="acme-1")["owner"] == "alice"


def test_what_somebody_holds_stays_theirs_and_tier_1_stays(brand):
    brand.report("held", "vip", "free")
    brand.claim("alice", id="net:held")
    brand.claim("bob", id="net:vip")
    brand.act("escalate", "bob", id="net:vip")
    brand.commit(brand.change(members=["held", "vip", "free"]))
    assert brand.outage()["waiting"] == 1
    assert brand.state("held") == "claimed"
    assert brand.lane("1:outage:en:net") == ["net:vip"]


def test_one_of_its_mentions_can_be_claimed_and_goes_back_to_it(brand):
    brand.open_outage(*NAMES)
    brand.claim("alice", id="net:r3")
    assert brand.outage()["waiting"] == 5
    brand.act("release", id="net:r3")
    assert brand.outage()["waiting"] == 6 and brand.lane() == []
    brand.claim("alice", id="net:r4")
    brand.wait(16 * MINUTE)
    assert brand.outage()["waiting"] == 6


def test_who_claims_a_case_takes_its_mentions_along(brand):
    brand.report("root")
    brand.report("more", in_reply_to="root")
    brand.commit(brand.change(members=["root", "more"]))
    assert brand.outage()["waiting"] == 2
    assert brand.claim("alice", id="net:root")["waiting"] == ["net:more"]
    assert brand.outage()["waiting"] == 0
    assert brand.client.call("ZCARD", brand.key + ":outages:queue") == 0


def test_an_agents_other_verdict_takes_it_out(brand):
    brand.open_outage(*NAMES)
    brand.act("reclassify", id="net:r0", **{"class": "complaint"})
    assert brand.outage()["waiting"] == 5
    assert brand.lane("0:complaint:en:net") == ["net:r0"]


def test_a_claimed_mention_says_how_many_others_report_the_same(brand):
    brand.open_outage(*NAMES)
    brand.do("ack", note="we are on it", status_url="https://status.example", eta=brand.now + HOUR)
    outage = brand.claim("bob", id="net:r2")["context"]["outage"]
    assert outage == {"id": "acme-1", "state": "open", "topic": "login", "places": ["leeds"],
                      "since": brand.now - MINUTE, "people": 12, "others": 11, "note": "we are on it",
                      "status_url": "https://status.example", "eta": brand.now + HOUR}
    brand.commit(brand.change(2, "over"))
    brand.now += HOUR
    assert brand.claim("bob", id="net:r2")["context"]["outage"]["state"] == "over"
    brand.wait(DAY)
    assert "outage" not in brand.claim("bob", id="net:r2")["context"]
    assert brand.get("r2")["outage"] == "acme-1"


def test_shadow_leaves_the_queue_alone(brand):
    brand.open_outage(*NAMES, shadow=1)
    assert len(brand.lane()) == 6
    assert brand.events("outage.opened")[0]["shadow"] == "1"
    assert "outage" not in brand.claim("alice")["context"]
    assert brand.outage()["members"] == 6
    assert brand.refused("mention_claim", agent="alice", outage="acme-1") == "BADSTATE state=shadow"


def test_unknown_and_erased_members_do_no_harm(brand):
    brand.report("a", "b")
    brand.client.call("SET", brand.key + ":m:net:b", "")
    brand.client.call("ZREM", brand.key + ":q:0:outage:en:net", "net:b")
    brand.commit(brand.change(members=["a", "b", "never"]))
    assert brand.outage()["waiting"] == 1 and brand.outage()["members"] == 3
    assert brand.do("resolve", outcome="fixed")["ended"] == 1


def test_a_repost_belongs_to_it_and_its_mark_ends_with_its_id(brand):
    brand.report("one")
    brand.hear("again", repost_of="one")
    brand.commit(brand.change(members=["one", "again"]))
    assert brand.client.call("HGET", brand.key + ":s:net:again", "outage") == b"acme-1"
    assert brand.client.call("PEXPIRETIME", brand.key + ":s:net:again") == brand.client.call(
        "PEXPIRETIME", brand.key + ":m:net:again")


# what people do with it ------------------------------------------------------------------------------


def test_resolved_as_a_whole_in_slices(brand):
    names = [f"m{i}" for i in range(250)]
    brand.open_outage(*names)
    brand.settle()
    reply = brand.do("resolve", outcome="fixed", cause="login", note="a bad certificate")
    assert (reply["ended"], reply["left"]) == (100, 150)
    assert reply["resolved"] == {"by": "alice", "at": brand.now, "outcome": "fixed", "cause": "login"}
    brand.settle()
    assert brand.outage()["waiting"] == 0
    counts = brand.stats()["counts"]
    assert (counts["resolved"], counts["outcome_fixed"], counts["now_pooled"]) == (250, 250, 0)
    assert brand.get("m249")["cause"] == "login"
    assert brand.refused("outage_resolve", agent="alice", outage="acme-1", outcome="fixed") \
        == "BADSTATE state=resolved"


def test_resolved_after_its_mentions_went_back_it_still_ends_them(brand):
    names = [f"m{i}" for i in range(230)]
    brand.open_outage(*names)
    brand.settle()
    brand.commit(brand.change(2, "over"))
    brand.wait(31 * MINUTE)
    brand.claim("bob", id="net:m7")
    reply = brand.do("resolve", outcome="answered")
    assert (reply["ended"], reply["left"]) == (99, 130)
    brand.settle()
    assert brand.lane() == [] and brand.state("m7") == "claimed"
    assert brand.stats()["counts"]["outcome_answered"] == 229


def test_later_members_of_a_resolved_one_are_duplicates(brand):
    brand.open_outage(*NAMES)
    brand.do("resolve", outcome="fixed", cause="login", note="done")
    brand.report("late")
    brand.claim("bob", id="net:late")
    brand.report("later")
    brand.commit(brand.change(2, "updated", ["late", "later"]))
    assert brand.state("late") == "claimed"
    got = brand.get("later")
    assert (got["state"], got["outcome"], got["cause"], got["by"]) == ("resolved", "duplicate", "login", "alice")


def test_only_its_owner_or_a_lead_resolves_what_is_held(brand):
    brand.open_outage(*NAMES)
    brand.claim("alice")
    assert brand.refused("outage_resolve", agent="bob", outage="acme-1", outcome="fixed") \
        == "NOTOWNER owner=alice"
    brand.do("resolve", "lea", outcome="fixed")
    assert brand.stats(agent="alice")["mine"] == []


def test_over_and_not_resolved_it_goes_back_after_half_an_hour(brand):
    names = [f"m{i}" for i in range(150)]
    brand.open_outage(*names)
    brand.settle()
    brand.commit(brand.change(2, "over"))
    brand.wait(29 * MINUTE)
    assert brand.outage()["waiting"] == 150
    brand.now += 2 * MINUTE
    brand.tick(limit=100)
    assert 0 < len(brand.lane()) <= 100
    brand.settle()
    assert len(brand.lane()) == 150 and brand.outage()["waiting"] == 0
    assert brand.events("outage.returned") == [{"type": "outage.returned", "id": "acme-1"}]
    assert brand.claim_id("alice") == "m0"
    assert brand.refused("mention_claim", agent="alice", outage="acme-1") == "BADSTATE state=over"


def test_over_but_held_it_stays_with_its_owner(brand):
    brand.open_outage(*NAMES)
    brand.commit(brand.change(2, "over"))
    brand.claim("alice", lease=HOUR)
    brand.wait(40 * MINUTE)
    assert brand.outage()["waiting"] == 6
    brand.wait(HOUR)
    assert len(brand.lane()) == 6


def test_rejected_it_goes_back_and_teaches_a_guard(brand):
    brand.open_outage(*NAMES)
    reply = brand.do("reject", why="joke")
    assert reply["guard"] == "g1" and reply["rejected"] == {"by": "alice", "at": brand.now, "why": "joke"}
    assert (reply["state"], brand.fcall("outage_list", state="open")["outages"]) == ("over", [])
    brand.settle()
    assert len(brand.lane()) == 6
    assert brand.claim("alice", id="net:r1")["context"].get("outage") is None
    guard = {"id": "g1", "why": "joke", "outage": "acme-1", "topic": "login", "places": ["leeds"],
             "from": brand.now, "until": brand.now + DAY, "by": "alice"}
    assert brand.fcall("outage_guards") == {"guards": [guard], "maintenance": []}
    assert brand.events("guard.added")[0]["until"] == str(brand.now + DAY)
    assert brand.refused("outage_reject", agent="alice", outage="acme-1", why="joke") \
        == "BADSTATE state=rejected"
    brand.report("late")
    brand.commit(brand.change(2, "updated", ["late"]))
    assert "net:late" in brand.lane()


def test_guards_end_are_removed_and_are_bounded(brand):
    for i in range(101):
        brand.commit(brand.change(outage=f"o{i}"))
        brand.do("reject", outage=f"o{i}", why="flood", **{"for": HOUR + i * MINUTE})
    guards = brand.fcall("outage_guards")["guards"]
    assert len(guards) == 100 and guards[0]["id"] == "g2"
    assert brand.fcall("guard_remove", agent="alice", guard="g50") == {"removed": "g50"}
    assert brand.refused("guard_remove", agent="alice", guard="g50") == "BADSTATE state=unknown"
    brand.wait(HOUR + 10 * MINUTE)
    assert brand.fcall("outage_guards")["guards"][0]["id"] == "g12"
    assert brand.client.call("HLEN", brand.key + ":guards") == 89


def test_maintenance_windows(brand):
    first = brand.fcall("maintenance_add", agent="lea", until=brand.now + HOUR, topic="login",
                        note="new hardware", **{"from": brand.now})
    assert first == {"id": "m1", "from": brand.now, "until": brand.now + HOUR}
    brand.fcall("maintenance_add", agent="lea", until=brand.now + 2 * HOUR, **{"from": brand.now})
    assert [w["id"] for w in brand.fcall("outage_guards")["maintenance"]] == ["m1", "m2"]
    assert brand.events("maintenance.added")[0]["topic"] == "login"
    assert brand.refused("maintenance_add", agent="lea", until=brand.now, **{"from": 1}).startswith(
        "BADARG field=until")
    assert brand.fcall("maintenance_remove", agent="lea", maintenance="m2") == {"removed": "m2"}
    brand.wait(HOUR)
    assert brand.fcall("outage_guards")["maintenance"] == []


def test_the_score_card(brand):
    brand.open_outage(*NAMES)
    brand.do("confirm", at=brand.now + 10 * MINUTE)
    assert brand.outage()["led_ms"] == 10 * MINUTE
    brand.do("confirm", at=brand.now - 4 * MINUTE)
    brand.commit(brand.change(outage="acme-2"))
    brand.do("reject", outage="acme-2", why="campaign")
    brand.fcall("outage_missed", agent="lea", at=brand.now - DAY, topic="payments", places=["york"])
    card = brand.fcall("outage_list")["card"]
    assert card == {"opened": 2, "confirmed": 1, "led_ms": -4 * MINUTE, "ahead": 0, "missed": 1, "rejected": 1}
    brand.do("reject", why="joke")
    card = brand.fcall("outage_list")["card"]
    assert (card["confirmed"], card["led_ms"], card["rejected"]) == (0, 0, 2)


def test_missed_ones_are_listed(brand):
    one = brand.fcall("outage_missed", agent="lea", at=brand.now - HOUR, note="the status page had it")
    two = brand.fcall("outage_missed", agent="lea", at=brand.now - HOUR)
    assert one["missed"] is True and one["state"] == "over" and one["id"] != two["id"]
    assert brand.refused("outage_reject", agent="lea", outage=one["id"], why="joke") == "BADSTATE state=missed"
    assert brand.events("outage.missed")[0]["at"] == str(brand.now - HOUR)


def test_lists_and_members(brand):
    for i in range(5):
        brand.now += MINUTE
        brand.commit(brand.change(outage=f"o{i}"))
    brand.commit(brand.change(2, "over", outage="o3"))
    def ids(**given):
        return [o["id"] for o in brand.fcall("outage_list", given)["outages"]]
    assert ids() == ["o4", "o3", "o2", "o1", "o0"]
    assert ids(state="open", limit=2) == ["o4", "o2"]
    assert ids(state="over") == ["o3"]
    assert ids(before=brand.now - 3 * MINUTE) == ["o0"]
    names = [f"m{i}" for i in range(450)]
    brand.commit(brand.change(outage="big", members=names))
    got, after = [], 0
    while after is not None:
        page = brand.fcall("outage_members", outage="big", after=after)
        got, after = got + page["members"], page["next"]
    assert got == [f"net:{n}" for n in names]


def test_the_oldest_outages_are_forgotten(brand):
    for start in range(0, 1008, 16):
        brand.commit(*[brand.change(outage=f"o{i}", at=brand.now + i) for i in range(start, start + 16)])
    assert brand.client.call("ZCARD", brand.key + ":outages") == 1000
    assert brand.refused("outage_get", outage="o7") == "NOSUCHOUTAGE id=o7"
    assert brand.outage("o8")["id"] == "o8"


def test_acts_are_repeated_by_req(brand):
    brand.open_outage(*NAMES)
    first = brand.do("resolve", outcome="fixed", req="x1")
    assert brand.do("resolve", outcome="fixed", req="x1") == first
    assert len(brand.events("outage.resolved")) == 1


def test_an_act_of_the_owner_renews_the_lease(brand):
    brand.open_outage(*NAMES)
    brand.claim("alice")
    brand.now += 10 * MINUTE
    assert brand.do("ack", note="soon")["lease_until"] == brand.now + 15 * MINUTE


# wrong arguments --------------------------------------------------------------------------------------

WRONG = [None, True, 0.5, -1, 1e300, "", "\n", "x" * 9000, ["x" * 5000], [None], list(range(1100)), {"a": {}}]
ZERO_LENGTH = {"topic": [""], "places": [[], {}], "networks": [[], {}], "examples": [[], {}], "members": [[], {}],
               "series": [[], {}], "shadow": [True]}


def test_wrong_commits_change_nothing(brand):
    brand.open_outage(*NAMES)
    before = dump(brand)
    fine = {"lease": brand.lease, "from": "0-1", "to": "0-2", "changes": []}
    for field in ("lease", "from", "to"):
        for wrong in WRONG:
            assert refusal(brand, {**fine, field: wrong}).startswith(f"BADARG field={field}"), (field, wrong)
    for wrong in [None, True, 7, "x", [1], [{}] * 33, {"a": {}}]:
        assert refusal(brand, {**fine, "changes": wrong}).startswith("BADARG "), wrong
    assert refusal(brand, {**fine, "surprise": 1}).startswith("BADARG field=surprise")
    assert refusal(brand, fine, b"x" * 65537).startswith("BADARG field=state")
    many = [brand.change(2, "updated", [str(i) for i in range(600)]) for _ in range(2)]
    assert refusal(brand, {**fine, "changes": many}).startswith("BADARG field=changes")
    assert dump(brand) == before


def test_wrong_changes_change_nothing(brand):
    brand.open_outage(*NAMES)
    before = dump(brand)
    right = brand.change(2, "grew", NAMES, examples=["net:r1"], beside="o", series=["60000:1:0.5"], why="{}",
                         shadow=1)
    for field in right:
        for wrong in WRONG + ["01", "1.", "{", "a,b", "1:2", [","]]:
            if wrong in ZERO_LENGTH.get(field, []) or field == "topic" and isinstance(wrong, str) \
                    and wrong not in ("\n", "x" * 9000) or field == "beside" and wrong in ("01", "1."):
                continue
            if field in ("outage", "beside") and wrong in ("01", "1.") or \
                    field in ("examples", "members") and wrong == [","]:
                continue
            commit = {"from": "0-1", "to": "0-2", "changes": [brand.change(2, "grew"), {**right, field: wrong}]}
            text = refusal(brand, commit)
            assert text.startswith(f"BADARG change=1 field={field}"), (field, wrong, text)
    for field in ("outage", "kind", "n", "at", "since"):
        less = {k: v for k, v in right.items() if k != field}
        assert refusal(brand, {"from": "0-1", "to": "0-2", "changes": [less]}) \
            == f"BADARG change=0 field={field} missing"
    assert dump(brand) == before


def test_commits_of_another_form_change_nothing(brand):
    brand.open_outage(*NAMES)
    before = dump(brand)
    fine = json.dumps({"lease": brand.lease, "from": "0-1", "to": "0-2"})
    for values in [(), ("",), ("[]",), ("null",), ("{",), (fine, "s", "more")]:
        with pytest.raises(RedisError, match="^BADARG field="):
            brand.raw("outage_commit", *values)
    with pytest.raises(RedisError, match="^NOBRAND"):
        brand.client.call("FCALL", "outage_commit", 1, "t:{nobody}", fine)
    assert dump(brand) == before


def test_nothing_of_it_is_written_by_readers(brand):
    brand.open_outage(*NAMES)
    for function, given in [("outage_list", {}), ("outage_get", {"outage": "acme-1"}), ("outage_guards", {}),
                            ("outage_members", {"outage": "acme-1"}), ("outage_state", {})]:
        brand.raw(function, json.dumps(given), call="FCALL_RO")


def test_a_full_redis_still_lets_people_act(brand):
    brand.open_outage(*NAMES)
    brand.client.call("CONFIG", "SET", "maxmemory", 1)
    try:
        assert refusal(brand, {"from": "0-1", "to": "0-2", "changes": []}).startswith("OOM")
        brand.claim("alice", outage="acme-1")
        brand.do("ack", note="full")
        brand.do("resolve", outcome="fixed")
        said = brand.client.call("FCALL", "ops_say", 1, "t:{@ops}", json.dumps(
            {"type": "redis.full", "fields": ["source", "s"]}))
    finally:
        brand.client.call("CONFIG", "SET", "maxmemory", 0)
    assert brand.client.call("XRANGE", "t:{@ops}:events", said, said)[0][1] == [
        b"type", b"redis.full", b"source", b"s"]
    assert brand.state("r0") == "resolved"
