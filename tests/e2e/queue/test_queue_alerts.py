"""The alerter's step, and silences."""
import json

import pytest

from brand import HOUR, MINUTE
from lib.resp import RedisError

LEASE = "3:aaaa"


def commit(brand, n, came_from, to, state=b"", lease=LEASE):
    given = {"lease": lease, "from": came_from, "to": to, "n": n, "test_now": brand.now}
    return json.loads(brand.raw("alert_commit", json.dumps(given), *([state] if state else [])))


def refusal(brand, *given, **more):
    with pytest.raises(RedisError) as caught:
        commit(brand, *given, **more)
    return caught.value.text


@pytest.fixture
def alerts(brand):
    assert brand.fcall("alert_open", lease=LEASE) == {"position": "", "n": 0, "bytes": 0}
    return brand


def test_position_and_state_go_together(alerts):
    assert commit(alerts, 1, "5-0", "9-1", b"one") == {"position": "9-1", "n": 1}
    assert alerts.raw("alert_state", "{}") == b"one"
    assert alerts.fcall("alert_open", lease=LEASE) == {"position": "9-1", "n": 1, "bytes": 3}
    # news of what was sent only
    assert commit(alerts, 2, "9-1", "9-1", b"two") == {"position": "9-1", "n": 2}
    # news of the stream only
    assert commit(alerts, 3, "9-1", "12-0") == {"position": "12-0", "n": 3}
    assert alerts.raw("alert_state", "{}") == b"two"


def test_a_repeat_changes_nothing_and_a_stale_one_is_refused(alerts):
    commit(alerts, 1, "5-0", "9-1", b"one")
    assert commit(alerts, 1, "5-0", "9-1", b"other") == {"position": "9-1", "n": 1}
    assert alerts.raw("alert_state", "{}") == b"one"
    assert refusal(alerts, 3, "9-1", "12-0").startswith("STALE position=9-1 n=1")
    assert refusal(alerts, 2, "5-0", "12-0").startswith("STALE")
    assert refusal(alerts, 2, "9-1", "12-0", lease="2:bbbb").startswith("STALE lease=3")
    assert refusal(alerts, 2, "9-1", "8-0").startswith("BADARG field=to")
    assert alerts.refused("alert_open", lease="2:bbbb").startswith("STALE lease=3")


def test_the_stream_waits_for_it(alerts):
    commit(alerts, 1, "0-0", "7-0", b"s")
    readers = alerts.client.call("HGETALL", alerts.key + ":readers")
    assert dict(zip(readers[::2], readers[1::2]))[b"alerts"] == b"7-0"


def test_a_state_has_a_limit(alerts):
    assert refusal(alerts, 1, "0-0", "7-0", b"x" * (2 * 1024 * 1024 + 1)).startswith("BADARG field=state")


def test_silences_end_by_themselves(brand):
    first = brand.fcall("silence_add", agent="lea", match='{"topic":["login"]}', until=brand.now + HOUR, reason="drill")
    assert first == {"until": brand.now + HOUR, "id": "s1", "match": {"topic": ["login"]}, "from": brand.now,
                     "reason": "drill", "by": "lea"}
    brand.fcall("silence_add", agent="bob", match="{}", until=brand.now + MINUTE, reason="x")
    assert [s["id"] for s in brand.fcall("silence_list")["silences"]] == ["s2", "s1"]
    brand.wait(2 * MINUTE)
    assert [s["id"] for s in brand.fcall("silence_list")["silences"]] == ["s1"]
    assert brand.client.call("HLEN", brand.key + ":silences") == 1
    assert brand.fcall("silence_remove", agent="bob", silence="s1") == {"removed": "s1"}
    assert brand.refused("silence_remove", agent="bob", silence="s1") == "BADSTATE state=unknown"
    assert [e["type"] for e in brand.events() if e["type"].startswith("silence")] == [
        "silence.added", "silence.added", "silence.removed"]


def test_silences_are_bounded(brand):
    for i in range(200):
        brand.fcall("silence_add", agent="lea", match="{}", until=brand.now + HOUR + i, reason="x")
    assert brand.refused("silence_add", agent="lea", match="{}", until=brand.now + HOUR, reason="x") == "TOOMANY holding=200"
    assert brand.refused("silence_add", agent="lea", match="{}", until=brand.now, reason="x").startswith("BADARG field=until")
