"""What time brings about: leases, overdue, retention, trimming."""
from brand import DAY, HOUR, MINUTE, T0, entry


def test_expiring_at_80_percent_then_expired(brand):
    brand.hear("a")
    brand.claim("alice")
    brand.wait(12 * MINUTE - 1)
    assert "claim.expiring" not in brand.kinds()
    brand.wait(1)
    event = brand.events("claim.expiring")[0]
    assert (event["id"], event["by"], event["until"]) == ("net:a", "alice", str(T0 + 15 * MINUTE))
    brand.wait(3 * MINUTE)
    assert len(brand.events("claim.expiring")) == 1
    assert brand.events("expired")[0]["by"] == "alice"
    assert brand.state("a") == "queued"
    assert brand.get("a")["due_at"] == T0 + 15 * MINUTE


def test_renewing_puts_both_off(brand):
    brand.hear("a")
    brand.claim("alice")
    for _ in range(5):
        brand.wait(11 * MINUTE)
        brand.act("renew", id="net:a")
    assert not {"claim.expiring", "expired"} & set(brand.kinds())


def test_overdue_once_each(brand):
    brand.hear(*[f"m{i}" for i in range(90)])
    brand.wait(15 * MINUTE - 1)
    assert brand.events("overdue") == []
    brand.wait(1000)
    brand.wait(HOUR)
    ids = [e["id"] for e in brand.events("overdue")]
    assert len(ids) == len(set(ids)) == 90
    brand.claim("alice")
    brand.wait(16 * MINUTE)
    assert len(brand.events("overdue")) == 90
    assert brand.stats()["waiting"]["complaint"]["overdue"] == 90


def test_overdue_when_it_comes_late(brand):
    brand.hear("a")
    brand.wait(HOUR)
    brand.ingest(entry("b", created_at=brand.now - 40 * MINUTE))
    brand.wait(MINUTE)
    assert [e["id"] for e in brand.events("overdue")] == ["net:a", "net:b"]


def test_overdue_when_it_was_claimed_meanwhile(brand):
    brand.hear("a", "b")
    brand.claim("alice", id="net:a", lease=HOUR)
    brand.wait(30 * MINUTE)
    assert [e["id"] for e in brand.events("overdue")] == ["net:b"]
    brand.act("release", id="net:a")
    brand.wait(MINUTE)
    assert [e["id"] for e in brand.events("overdue")] == ["net:b", "net:a"]


def test_many_equal_due_times(brand):
    for _ in range(15):
        brand.ingest(*[entry(f"m{_}.{i}") for i in range(100)])
    brand.wait(HOUR)
    assert len(brand.events("overdue")) == 1500


def test_who_still_waits_at_the_horizon_is_kept(brand):
    brand.hear("a")
    brand.wait(35 * DAY + HOUR)
    assert brand.client.call("PTTL", brand.key + ":m:net:a") == -1
    brand.act("dismiss", id="net:a")
    assert brand.client.call("PEXPIRETIME", brand.key + ":m:net:a") == T0 + 36 * DAY + HOUR


def test_retention_leaves_the_id(make_brand):
    brand = make_brand(retention={"resolved": HOUR, "unqueued": DAY})
    brand.hear("a")
    brand.ingest(entry("n", **{"class": "none"}))
    brand.claim("alice")
    brand.act("resolve", id="net:a", outcome="fixed", note="x")
    brand.wait(HOUR)
    assert brand.get("a")["mention"] is None
    assert "note" not in brand.get("a")
    assert brand.client.call("PEXPIRETIME", brand.key + ":m:net:a") == T0 + 36 * DAY
    assert brand.ingest(entry("a"))["known"] == 1
    brand.wait(DAY)
    assert brand.state("n") == "erased"
    assert brand.ingest(entry("n"))["known"] == 1


def test_tick_says_when_it_is_wanted_next(brand):
    brand.hear("a")
    assert brand.tick() == {"steps": 0, "next": T0 + MINUTE}
    brand.now += HOUR
    assert brand.tick(limit=1)["steps"] == 1


def fill(brand, n):
    for at in range(0, n, 100):
        brand.ingest(*[entry(f"{brand.now}.{at + i}", created_at=brand.now, **{"class": "none"})
                       for i in range(100)])


def test_the_stream_is_cut_behind_its_slowest_reader(brand):
    fill(brand, 1000)
    brand.now += 3 * HOUR
    fill(brand, 100)
    middle = brand.client.call("XRANGE", brand.key + ":events", "-", "+")[500][0].decode()
    assert brand.fcall("reader_commit", name="slow", position=middle)["trimmed"] == ""
    brand.fcall("reader_commit", name="fast", position=f"{brand.now}-99")
    brand.wait(5 * MINUTE)
    left = brand.stats()
    assert 600 <= left["events"] <= 700
    assert left["trimmed"].startswith(str(T0))
    brand.fcall("reader_commit", name="slow", remove=True)
    brand.wait(5 * MINUTE)
    assert 100 <= brand.stats()["events"] <= 200


def test_the_last_two_hours_stay(brand):
    fill(brand, 500)
    brand.fcall("reader_commit", name="r", position=f"{T0 + 10 * DAY}-0")
    brand.wait(2 * HOUR - MINUTE)
    assert brand.stats()["events"] == 500


def test_nobody_reading_does_not_keep_it_for_ever(make_brand):
    brand = make_brand(keep_entries=1000)
    fill(brand, 3000)
    brand.fcall("reader_commit", name="dead", position="0-0")
    brand.wait(10 * MINUTE)
    assert 1000 <= brand.stats()["events"] <= 1200
    brand.wait(8 * DAY)
    assert brand.stats()["events"] <= 200


def test_reader_commit_arguments(brand):
    assert brand.refused("reader_commit", name="r").startswith("BADARG field=position")
    assert brand.refused("reader_commit", name="r", position="x").startswith("BADARG field=position")


def test_a_call_touches_no_more_than_its_steps(brand):
    brand.hear(*[f"m{i}" for i in range(100)])
    brand.hear(*[f"n{i}" for i in range(100)])
    brand.now += HOUR
    assert brand.tick(limit=10)["steps"] == 10
    assert len(brand.events("overdue")) == 9       # and one step of trimming
    brand.claim("alice")
    assert len(brand.events("overdue")) == 19
    brand.settle()
    assert len(brand.events("overdue")) == 200


def test_a_claim_is_not_empty_behind_a_pile_of_other_timers(make_brand):
    brand = make_brand(max_claims=1000)
    brand.hear(*[f"m{i}" for i in range(100)], **{"class": "praise"})
    brand.hear("x")
    assert brand.claim("alice", id="net:x", lease=5 * HOUR)["id"] == "net:x"
    brand.now += 5 * HOUR
    assert brand.claim_id("bob", classes=["complaint"]) == "x"
