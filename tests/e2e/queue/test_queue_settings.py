"""brand_configure, the clock, and what a full Redis still allows."""
import json

import pytest

from brand import HOUR, MINUTE, T0, Brand, entry
from lib.resp import RedisError
from redisserver import Server


def test_an_older_generation_changes_nothing(brand):
    assert brand.fcall("brand_configure", generation=5, max_claims=3) == \
        {"applied": True, "generation": 5}
    assert brand.fcall("brand_configure", generation=4, max_claims=9) == \
        {"applied": False, "config": "differs", "generation": 5}
    assert brand.client.call("HGET", brand.key, "max_claims") == b"3"


def test_a_new_generation_replaces_the_settings_but_not_the_clock(brand):
    brand.fcall("brand_configure", generation=2)
    assert brand.client.call("HGET", brand.key, "languages") is None
    assert brand.client.call("HGET", brand.key, "test") == b"1"
    assert brand.client.call("HGET", brand.key, "clock") == str(T0).encode()


def test_the_clock_is_given_only_to_test_brands(client):
    name = "notest"
    client.call("FCALL", "brand_configure", 1, f"t:{{{name}}}", '{"generation":1}')
    with pytest.raises(RedisError, match="^BADARG field=test_now"):
        client.call("FCALL", "mention_tick", 1, f"t:{{{name}}}", '{"test_now":5}')
    with pytest.raises(RedisError, match="^BADARG field=test "):
        client.call("FCALL", "brand_configure", 1, f"t:{{{name}}}", '{"generation":2,"test":true}')


def test_time_never_goes_back(brand):
    brand.hear("a")
    brand.now -= HOUR
    brand.hear("b", created_at=T0)
    assert brand.stats()["now"] == T0


def test_version(client):
    assert client.call("FCALL_RO", "library_version", 0) == b"1.1"


@pytest.mark.parametrize("function,given", [("queue_stats", {}), ("mention_get", {"id": "net:a"})])
def test_reading_functions_do_not_write(brand, function, given):
    brand.hear("a")
    assert brand.raw(function, json.dumps({"test_now": T0, **given}), call="FCALL_RO")


def test_a_full_redis_can_still_be_drained():
    server = Server("--maxmemory-policy", "noeviction")
    try:
        brand = Brand(server.client)
        brand.hear("a", "b")
        server.client.call("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(RedisError, match="^OOM"):
            brand.hear("c")
        assert brand.claim_id() == "a"
        assert brand.act("resolve", id="net:a", outcome="fixed")["state"] == "resolved"
    finally:
        server.stop()


def test_targets_and_languages(make_brand):
    brand = make_brand(targets={"complaint": 30 * MINUTE}, languages=["de"])
    brand.ingest(entry("a", lang="de-AT"), entry("b", lang="en"))
    assert brand.get("a")["due_at"] == T0 + 30 * MINUTE
    assert [x["lane"] for x in brand.stats()["lanes"]] == \
        ["0:complaint:de:net", "0:complaint:other:net"]
