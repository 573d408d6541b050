"""Each kind of channel through the real daemon: its method, headers and address as the HTTP client sends them, and what
it makes of the service's own ways to say no."""
import pytest
from lib.receiver_kinds import KINDS
from lib.waiting import wait_for
from test_alerts import MINUTE, T0, World

OUTAGES = {"match": {"event": ["outage.*"]}, "channels": ["room"], "group_wait": "0s"}


@pytest.fixture
def world(redis_site):
    return World(redis_site)


def opened(world, kind, **more):
    receiver = world.receiver("room", kind, **more)
    daemon = world.begin(OUTAGES).start()
    return receiver, daemon


def is_told(world):
    world.wait_letters("room", lambda letters: not letters, "nothing waits")


def tried_again(world, receiver, daemon):
    """The first try has failed and that is kept; the next one is another life of the daemon's, five minutes later."""
    wait_for(lambda: len(receiver.requests) == 1, 30, "the first try")
    world.wait_letters("room", lambda letters: letters and letters[0]["due"] > T0, "it is due later")
    world.kill(daemon)
    world.start(now=T0 + 5 * MINUTE)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_outage_is_told(world, kind):
    receiver, _ = opened(world, kind)
    world.outage("opened", 1, 37)
    message = receiver.wait(1)
    is_told(world)
    assert "login" in message.text or kind == "webhook"
    receiver.check()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_too_much_is_told_later(world, kind):
    receiver, daemon = opened(world, kind)
    receiver.fail(429, times=1, wait=30)
    world.outage("opened", 1, 37)
    tried_again(world, receiver, daemon)
    receiver.wait(1)
    is_told(world)
    assert len(receiver.requests) == 2
    receiver.check()


def test_a_huge_answer_is_an_answer(world):
    """It was taken: nine megabytes of thanks are no reason to say it again."""
    receiver, _ = opened(world, "webhook")
    receiver.fail(200, body="x" * 9_000_000)
    world.outage("opened", 1, 37)
    wait_for(lambda: receiver.requests, 30, "a request")
    is_told(world)
    assert len(receiver.requests) == 1


def test_an_address_that_is_gone_is_not_hammered(world):
    receiver, daemon = opened(world, "slack")
    receiver.fail(404)
    world.outage("opened", 1, 37)
    wait_for(lambda: receiver.requests, 30, "a request")
    world.wait_letters("room", lambda letters: letters and letters[0]["due"] >= T0 + 10 * MINUTE, "a slow probe")
    world.kill(daemon)
    daemon = world.start(now=T0 + 9 * MINUTE)
    world.outage("grew", 2, 50, at=T0 + MINUTE)
    world.wait_letters("room", lambda letters: letters and letters[0]["type"] == "outage.grew", "the newest waits")
    assert len(receiver.requests) == 1
    world.kill(daemon)
    receiver.heal()
    world.start(now=T0 + 11 * MINUTE)
    assert "50" in receiver.wait(1).text
    assert len(receiver.requests) == 2


def test_discord_edits_its_message(world):
    receiver, _ = opened(world, "discord", edit=True)
    world.outage("opened", 1, 37)
    receiver.wait(1)
    is_told(world)
    world.outage("over", 2, 40)
    receiver.wait(2)
    assert [r.method for r in receiver.requests] == ["POST", "PATCH"]
    assert len(receiver.kind.by_id) == 1


def test_telegram_follows_a_group_that_moved(world):
    receiver, _ = opened(world, "telegram")
    receiver.kind.moved_to = -100999
    world.outage("opened", 1, 37)
    assert receiver.wait(1).body["chat_id"] == "-100999"
    is_told(world)


def test_telegram_plain_where_its_markup_is_refused(world):
    receiver, _ = opened(world, "telegram")
    receiver.fail(400, body={"ok": False, "error_code": 400,
                             "description": "Bad Request: can't parse entities: unexpected end tag"}, times=1)
    world.outage("opened", 1, 37)
    assert "parse_mode" not in receiver.wait(1).body
    is_told(world)


@pytest.mark.parametrize("kind", ["matrix", "webhook", "alertmanager", "pagerduty"])
def test_a_lost_answer_is_no_second_message(world, kind):
    receiver, daemon = opened(world, kind)
    receiver.lose(1)
    world.outage("opened", 1, 37)
    tried_again(world, receiver, daemon)
    wait_for(lambda: receiver.repeats, 30, "the retry")
    is_told(world)
    assert len(receiver.requests) == 2 and len(receiver.repeats) == 1 and len(receiver.messages) == 1


def test_an_answer_that_stalls_is_given_up_and_asked_for_again(world):
    receiver = world.receiver("room", "webhook")
    daemon = world.begin(OUTAGES, http={"timeout": "1s"}).start()
    receiver.stall(3)
    world.outage("opened", 1, 37)
    tried_again(world, receiver, daemon)
    wait_for(lambda: receiver.repeats, 30, "the retry")
    is_told(world)
    assert len(receiver.messages) == 1
