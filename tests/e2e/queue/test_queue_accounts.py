"""An account is used by one daemon at a time; its session is kept with it."""
import json
import time

import pytest

from lib.resp import RedisError

numbers = iter(range(1000))


class Account:
    def __init__(self, client):
        self.client = client
        self.key = f"t:{{@acc{next(numbers)}}}"

    def __call__(self, function, call="FCALL", **given):
        reply = self.client.call(call, function, 1, self.key, json.dumps(given))
        return reply.decode() if isinstance(reply, bytes) else reply

    def refused(self, function, **given):
        with pytest.raises(RedisError) as e:
            self(function, **given)
        return e.value.text


@pytest.fixture
def account(client):
    return Account(client)


def test_one_daemon_at_a_time(account):
    assert account("lease_take", daemon="d1", nonce="a" * 32, ttl_ms=60000) == "1:" + "a" * 32
    assert account("lease_take", daemon="d1", nonce="a" * 32, ttl_ms=60000) == "1:" + "a" * 32
    text = account.refused("lease_take", daemon="d2", nonce="b" * 32, ttl_ms=60000)
    assert text.startswith("HELD by=d1 ms=")
    assert 59000 < int(text.split("ms=")[1]) <= 60000
    assert account("lease_drop", lease="1:" + "a" * 32) == "OK"
    assert account("lease_take", daemon="d2", nonce="b" * 32, ttl_ms=60000) == "2:" + "b" * 32


def test_a_lost_lease_stays_lost(account):
    old = account("lease_take", daemon="d1", nonce="a" * 32, ttl_ms=100)
    time_out = time.monotonic() + 5
    while True:
        try:
            new = account("lease_take", daemon="d2", nonce="b" * 32, ttl_ms=60000)
            break
        except RedisError:
            assert time.monotonic() < time_out
    assert account.refused("lease_renew", lease=old, ttl_ms=100) == "STALE lease=2"
    assert account.refused("session_set", lease=old, session="x") == "STALE lease=2"
    assert account("lease_renew", lease=new, ttl_ms=60000) == new


def test_session(account):
    lease = account("lease_take", daemon="d1", nonce="a" * 32, ttl_ms=60000)
    assert account("session_get", call="FCALL_RO") is None
    assert account("session_set", lease=lease, session='{"t":"é"}') == "OK"
    assert account("session_get", call="FCALL_RO") == '{"t":"é"}'
    assert account.refused("session_set", lease=lease, session="x" * 8193) \
        .startswith("BADARG field=session")
    assert account.refused("session_set", lease="1:" + "b" * 32, session="x") == "STALE lease=1"


@pytest.mark.parametrize("given", [{}, {"daemon": "d 1"}, {"nonce": "short"}, {"ttl_ms": "5"}])
def test_arguments(account, given):
    full = {"daemon": "d1", "nonce": "a" * 32, "ttl_ms": 1000, **given}
    if not given:
        full = {}
    assert account.refused("lease_take", **full).startswith("BADARG field=")


def test_what_was_spent_is_kept_with_the_lease(account):
    lease = account("lease_take", daemon="d1", nonce="a" * 32, ttl_ms=60000)
    assert account("spent_get", call="FCALL_RO") is None
    assert account("spent_set", lease=lease, spent='{"day":5}') == "OK"
    assert account("lease_drop", lease=lease) == "OK"
    assert account("spent_get", call="FCALL_RO") == '{"day":5}'
    assert account.refused("spent_set", lease=lease, spent="{}").startswith("STALE")
