"""The scripted receivers themselves: what they take, what they refuse, how they fail."""
import json
import urllib.error
import urllib.request

import pytest
from lib import harmless
from lib.harmless import Harm
from lib.receivers import Receiver

GOOD = {"allowed_mentions": {"parse": []},
        "embeds": [{"title": "down", "description": "**people:** 3\n[jo](https://e.example/1): no\\_app", "color": 1,
                    "timestamp": "2026-11-21T17:30:00.000Z"}]}


@pytest.fixture
def discord():
    receiver = Receiver("discord", rates=[])
    yield receiver
    receiver.close()


def post(receiver, body):
    address = next(iter(receiver.environment.values())) + "?wait=true"
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def with_embed(**more):
    return {**GOOD, "embeds": [{**GOOD["embeds"][0], **more}]}


def test_takes_what_is_right(discord):
    assert post(discord, GOOD) == 200
    assert "jo: no\\_app" in discord.wait(1).text
    discord.check()


@pytest.mark.parametrize("body", [
    {**GOOD, "allowed_mentions": {}},
    with_embed(title="x" * 257),
    with_embed(description="\U0001F525" * 2049),
    with_embed(description="@everyone"),
    with_embed(description="[x](javascript:1)"),
    with_embed(description="see https://evil.example"),
    with_embed(description="\x1b[31m"),
])
def test_refuses_what_is_not(discord, body):
    assert post(discord, body) == 400
    assert discord.refused and not discord.messages


def test_fails_as_told(discord):
    discord.fail(429, times=1, wait=0.25)
    discord.fail(503, body="busy", times=1)
    assert [post(discord, GOOD) for _ in range(3)] == [429, 503, 200]
    discord.lose()
    with pytest.raises(OSError):
        post(discord, GOOD)
    assert len(discord.messages) == 2
    discord.down()
    with pytest.raises(OSError):
        post(discord, GOOD)
    discord.up()
    assert post(discord, GOOD) == 200
    assert len(discord.requests) == 5


def test_limits_the_rate():
    receiver = Receiver("discord", rates=[(2, 3600)])
    try:
        assert [post(receiver, GOOD) for _ in range(3)] == [200, 200, 429]
    finally:
        receiver.close()


@pytest.mark.parametrize("read, text", [
    (harmless.plain, "see https://evil.example"), (harmless.plain, "\u202egnp"), (harmless.slack, "<!channel>"),
    (harmless.markdown, "a **b** [x](http://e.example) *c*"), (harmless.markdown, "# big"),
    (harmless.relayed, "x](y"), (harmless.html_text, "<script>"), (harmless.html_text, '<a href="javascript:1">x</a>'),
])
def test_what_is_not_harmless(read, text):
    with pytest.raises(Harm):
        read(text)
