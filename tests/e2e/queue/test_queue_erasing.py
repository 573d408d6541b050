"""What its network deleted is erased wherever it was; what its author edited is judged anew and stays where it is."""
import json

import pytest

from brand import T0, Brand
from outages import Outages

SECRET = "it is broken"  # the text of every mention of brand.py
LEASE = {"source": "s", "lease": "1:aaaa"}


@pytest.fixture
def brand(client):
    return Brand(client)


def erase(brand, *names, **given):
    given = given or LEASE
    return brand.fcall("mention_erase", ids=[f"net:{n}" for n in names], **given)["erased"]


def edit(brand, name, edited_at=T0 + 1, text="edited", **fields):
    item = json.dumps({"id": f"net:{name}", "text": text, "edited_at": edited_at}, separators=(",", ":"))
    return brand.fcall("mention_edit", id=f"net:{name}", edited_at=edited_at, item=item,
                       **{**LEASE, "class": "complaint", **fields})


def traces(brand, name):
    """Keys that know the name, but for its empty id and the stream."""
    found, wanted = [], f"net:{name}".encode()
    for key in brand.client.call("KEYS", brand.key.replace("{", "\\{") + "*"):
        kind = brand.client.call("TYPE", key)
        kind = kind.decode() if isinstance(kind, bytes) else kind
        read = {"string": ["GET", key], "hash": ["HGETALL", key], "zset": ["ZRANGE", key, 0, -1],
                "list": ["LRANGE", key, 0, -1]}.get(kind)
        if read and not key.endswith(b":m:" + wanted) and b":req:" not in key:
            if wanted in key or wanted in repr(brand.client.call(*read)).encode():
                found.append(key.decode())
    return found


def test_wherever_it_was(brand):
    """Waiting, claimed, snoozed, resolved, unqueued: gone, id kept empty, said once each."""
    brand.hear("waits", "held", "sleeps", "done")
    brand.hear("chatter", **{"class": "none"})
    for name in ("held", "sleeps", "done"):
        brand.claim(id=f"net:{name}")
    brand.act("snooze", id="net:sleeps", **{"for": 3600000})
    brand.act("resolve", id="net:done", outcome="fixed", note="call me")
    names = ["waits", "held", "sleeps", "done", "chatter"]
    assert erase(brand, *names, "never-heard") == 5
    assert erase(brand, *names) == 0
    for name in names:
        assert brand.get(name)["state"] == "erased" and brand.get(name)["mention"] is None
        assert traces(brand, name) == []
        assert brand.client.call("PTTL", f"{brand.key}:m:net:{name}") > 0
    told = {e["id"][4:]: (e["state"], e["owner"], e["by"]) for e in brand.events("erased")}
    assert told == {"waits": ("queued", "", "network"), "held": ("claimed", "alice", "network"),
                    "sleeps": ("snoozed", "", "network"), "done": ("resolved", "", "network"),
                    "chatter": ("unqueued", "", "network")}
    counts = brand.stats()["counts"]
    assert counts.get("now_claimed", 0) == counts.get("now_snoozed", 0) == 0
    assert brand.hear(*names)["known"] == 5, "it does not come in again"
    assert brand.claim() is None
    brand.wait(40 * 86400000)
    assert traces(brand, "waits") == []


def test_the_rest_of_the_case_stays(brand):
    brand.hear("a", author="u")
    brand.hear("b", author="u", in_reply_to="a", created_at=T0 + 1)
    assert brand.claim(id="net:a")["id"] == "net:a"
    assert erase(brand, "a") == 1
    assert brand.get("b")["case"] == "net:a"
    assert brand.claim_id() == "b"
    brand.hear("c", author="u", in_reply_to="b", created_at=T0 + 2)
    assert brand.get("c")["case"] == "net:a"
    assert erase(brand, "b", "c") == 2
    assert brand.claim() is None


def test_out_of_an_outage(client):
    brand = Outages(client)
    brand.open_outage("one", "two", "three", examples=["net:one", "net:two"])
    assert erase(brand, "one") == 1
    assert traces(brand, "one") == []
    assert brand.outage()["waiting"] == 2
    assert erase(brand, "two", "three") == 2
    assert brand.claim() is None


def test_who_may(brand):
    brand.hear("a")
    assert brand.refused("mention_erase", ids=["net:a"]).startswith("BADARG field=lease")
    assert brand.refused("mention_erase", ids=["net:a"], lease="1:aaaa").startswith("BADARG field=source")
    assert brand.refused("mention_erase", ids=["net:a"], source="s", lease="1:bbbb") == "STALE lease=1"
    assert brand.refused("mention_erase", ids=["net:a"], agent="alice").startswith("NOTOWNER")
    assert erase(brand, "a", agent="lea") == 1
    assert brand.events("erased")[0]["by"] == "lea"


def test_an_edit_keeps_the_claim_and_tells_the_owner(brand):
    brand.hear("a")
    held = brand.claim()
    assert edit(brand, "a", **{"class": "outage"}) == {"edited": True, "state": "claimed"}
    shown = brand.get("a")
    assert (shown["state"], shown["owner"], shown["class"]) == ("claimed", "alice", "outage")
    assert shown["mention"]["text"] == "edited" and shown["lease_until"] == held["lease_until"]
    event = brand.events("edited")[0]
    assert (event["id"], event["class"], event["from"], event["owner"], event["state"]) == \
        ("net:a", "outage", "complaint", "alice", "claimed")
    brand.act("release", id="net:a")
    assert brand.get("a")["lane"].startswith("0:outage:")


def test_an_edit_moves_what_waits(brand):
    brand.hear("a")
    edit(brand, "a", **{"class": "praise"})
    assert brand.get("a")["lane"] == "0:praise:en:net"
    assert brand.claim(classes=["complaint"]) is None
    assert brand.claim_id(classes=["praise"]) == "a"


def test_an_edit_can_make_work_of_chatter(brand):
    brand.hear("a", "mine", **{"class": "none"})
    assert edit(brand, "a", lang="de")["state"] == "queued"
    assert edit(brand, "mine", own=True)["state"] == "unqueued"
    assert brand.claim_id() == "a"


def test_the_same_edit_again_is_nothing(brand):
    brand.hear("a")
    assert edit(brand, "a")["edited"] is True
    assert edit(brand, "a")["edited"] is False
    assert edit(brand, "a", edited_at=T0)["edited"] is False
    assert edit(brand, "a", edited_at=T0 + 2)["edited"] is True
    assert edit(brand, "unknown")["edited"] is False
    erase(brand, "a")
    assert edit(brand, "a", edited_at=T0 + 9)["edited"] is False
    assert len(brand.events("edited")) == 2
    assert SECRET not in json.dumps(brand.events())
