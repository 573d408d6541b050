"""Alerts through the real daemon: from an event in a brand's stream to a receiver, and never lost on the way.

The queue's clock is the tests' (a brand marked as one for tests), the daemon's is frozen at what a test gives
it: so half an hour passes between two lives of a daemon, and never by waiting.
"""
import email.policy
import json
import pathlib
import re
import shutil
import socket
import time

import pytest

from lib.receivers import Receiver
from lib.waiting import ROOT, SCALE, wait_for
from lib.web import Reply, Web
from test_alert_channels import RealAlertmanager

MINUTE = 60_000
T0 = int(time.time() * 1000) // MINUTE * MINUTE
KEY = "mentiond:{acme}"
LIBRARY = sorted((ROOT / "daemon/store/queue").glob("[0-9]*.lua"))
LEASE = "1:test"


class World:
    """A brand that the test ingests for and opens outages of, and daemons that tell of it."""

    def __init__(self, site):
        self.site = site
        self.seq = self.n = 0
        self.committed = "0-0"
        self.receivers = {}

    def receiver(self, name, kind="webhook", rates=(), **more):
        receiver = Receiver(kind, rates=rates, **({"tolerance": None} if kind == "webhook" else {}))
        self.site.add(receiver)
        self.site.env.update(receiver.environment)
        self.receivers[name] = receiver.channel(**more)
        return receiver

    def begin(self, *routes, silences=(), channels=None, http=None, **top):
        alerts = {"channels": {**self.receivers, **(channels or {})}, "silences": list(silences), **top,
                  "routes": [{"group_wait": "0s", **route} for route in routes]}
        (self.site.folder / "posts.jsonl").write_text("")
        self.site.configure([{"name": "posts", "type": "file", "path": "posts.jsonl", "interval": "1s"}],
                            brand={"outages": "off"}, alerts=alerts, http=http or {})
        self.site.redis.call("FUNCTION", "LOAD", "REPLACE", "".join(part.read_text() for part in LIBRARY))
        self.site.fcall("brand_configure", generation=0, test=True, test_now=T0)
        self.site.fcall("source_open", source="test", lease=LEASE)
        self.site.fcall("outage_open", lease=LEASE)
        return self

    def start(self, now=T0):
        return self.site.listen(env={"MENTIOND_TEST_NOW": str(now)})

    def kill(self, daemon):
        daemon.kill()
        self.site.release_leases()

    def ingest(self, count=1, at=T0, **more):
        """Mentions in one batch; their ids."""
        ids = []
        for _ in range(count):
            self.n += 1
            ids.append(f"net:{self.n}")
        posts = [{"id": i, "network": "net", "lang": "en", "class": "outage", "created_at": at,
                  "author": "a" + i, "followers": 50, "age_days": 900, **more} for i in ids]
        bodies = [json.dumps({"id": i, "text": f"text of {i}", "url": f"https://net.example/{i[4:]}",
                              "network": "net", "score": 3,
                              "author": {"handle": f"jo{i[4:]}", "followers": 50},
                              **({"backfill": True} if more.get("backfill") else {})}) for i in ids]
        self.seq += 1
        header = {"source": "test", "lease": LEASE, "seq": self.seq, "cursor": "{}", "fetched_at": at,
                  "no_horizon": 1, "m": posts, "test_now": at}
        self.site.redis.call("FCALL", "mention_ingest", "2", KEY, KEY + ":-", json.dumps(header), *bodies)
        return ids

    def outage(self, kind, n, people, at=T0, outage="o1", **more):
        """What the detector would commit."""
        change = {"outage": outage, "kind": kind, "n": n, "at": at, "topic": "login", "places": ["north"],
                  "since": T0,
                  "people": people, "reports": people, "members": [], **more}
        to = f"{at}-{self.seq * 1000 + n}"
        commit = {"lease": LEASE, "from": self.committed, "to": to, "changes": [change], "test_now": at}
        self.site.redis.call("FCALL", "outage_commit", "2", KEY, KEY + ":-", json.dumps(commit))
        self.committed = to

    def state(self):
        raw = self.site.redis.call("GET", KEY + ":alerts:state")
        return json.loads(raw) if raw else {"channels": {}}

    def letters(self, channel):
        return [x for x in self.state()["channels"].get(channel, {}).get("letters", []) if x["since"]]

    def wait_letters(self, channel, condition, what):
        wait_for(lambda: condition(self.letters(channel)), 30,
                 lambda: f"{what}; there are {self.letters(channel)}")


@pytest.fixture
def world(redis_site):
    return World(redis_site)


def bodies(receiver):
    return [m.body for m in receiver.messages]


def test_a_mention_reaches_the_channel_with_its_words(world):
    hook = world.receiver("hook")
    world.begin({"match": {"event": ["mention.queued"], "class": ["outage"]}, "channels": ["hook"]}).start()
    world.ingest(backfill=1)
    ids = world.ingest()
    hook.wait(1)
    world.wait_letters("hook", lambda letters: not letters, "nothing waits")
    (told,) = hook.texts
    assert ids[0] in told and "text of net:2" in told and "https://net.example/2" in told and "jo2" in told
    hook.check()


def test_chat_down_for_half_an_hour_and_two_kills(world):
    """An outage of 400 reports, and one that is over before chat came back: one message each, the newest
    state."""
    hook, chat = world.receiver("hook"), world.receiver("chat", "slack")
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["hook", "chat"]})
    hook.down()
    chat.down()

    first = world.start(T0)
    ids = world.ingest(100) + world.ingest(100)
    world.outage("opened", 1, people=20, examples=ids[:3])
    world.outage("opened", 2, people=5, outage="o2", topic="payments")
    for channel in ("hook", "chat"):
        world.wait_letters(channel, lambda letters: len(letters) == 2, "a letter for each outage")
    world.kill(first)

    at = T0 + 15 * MINUTE
    world.ingest(100, at=at)
    second = world.start(at)
    world.outage("grew", 3, people=250, at=at)
    world.outage("over", 4, people=5, at=at, outage="o2", topic="payments")
    for channel in ("hook", "chat"):
        news = {"outage.grew", "outage.over"}
        world.wait_letters(channel, lambda letters, news=news: {x["type"] for x in letters} == news, "news")
    world.kill(second)

    world.ingest(100, at=T0 + 29 * MINUTE)
    world.outage("grew", 5, people=400, at=T0 + 29 * MINUTE)
    hook.up()
    chat.up()
    world.start(T0 + 30 * MINUTE)
    for receiver, channel in ((hook, "hook"), (chat, "chat")):
        receiver.wait_text("400 people")
        world.wait_letters(channel, lambda letters: not letters, "nothing waits")
        receiver.check()
        told = [t for t in receiver.texts if "400 people" in t]
        assert len(told) == 1 and "text of net:1" in told[0], told
    over = [b for b in bodies(hook) if b["type"] == "outage.over"]
    assert len(over) == 1 and not hook.repeats
    assert len([t for t in chat.texts if "is back" in t]) == 1
    # the outage of 20 and of 250 reports is nobody's news any more
    assert len(hook.messages) == len(chat.messages) == 2 or \
        sorted(b["type"] for b in bodies(hook)) == ["outage.grew", "outage.grew", "outage.over"]


def test_killed_with_a_message_under_way(world):
    """Whether it arrived nobody knows: it goes again with the same id, and the receiver shows it once."""
    hook = world.receiver("hook")
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["hook"]})
    hook.stall(1000)
    first = world.start()
    world.outage("opened", 1, people=20)
    hook.wait(1)
    world.kill(first)
    world.start(T0 + MINUTE)
    wait_for(lambda: hook.repeats, 30, "the same message again")
    world.wait_letters("hook", lambda letters: not letters, "nothing waits")
    assert len(hook.messages) == 1 and set(hook.repeats) == {hook.messages[0].key}


def test_an_acknowledged_outage_is_not_repeated(world):
    hook = world.receiver("hook")
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["hook"], "repeat_every": "1h"})
    first = world.start()
    world.outage("opened", 1, people=20)
    hook.wait(1)
    world.wait_letters("hook", lambda letters: not letters, "told")
    world.kill(first)

    second = world.start(T0 + 120 * MINUTE)
    hook.wait(2)
    world.site.fcall("outage_ack", agent="lea", outage="o1", note="on it", test_now=T0 + 120 * MINUTE)
    hook.wait(3)
    world.wait_letters("hook", lambda letters: not letters, "told")
    world.kill(second)

    world.start(T0 + 600 * MINUTE)
    world.outage("opened", 2, people=7, at=T0 + 600 * MINUTE, outage="o2")
    hook.wait(4)
    assert [b["type"] for b in bodies(hook)] == ["outage.opened", "outage.opened", "outage.acknowledged",
                                                  "outage.opened"]
    assert "7 people" in hook.texts[3]


def test_a_silence_keeps_quiet_until_it_is_removed(world):
    hook = world.receiver("hook")
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["hook"]})
    world.start()
    made = world.site.fcall("silence_add", agent="lea", reason="drill",
                            match=json.dumps({"topic": ["login"]}),
                            until=T0 + 60 * MINUTE, test_now=T0)
    world.outage("opened", 1, people=20)
    world.outage("opened", 2, people=6, outage="o2", topic="payments")
    hook.wait(1)
    world.site.fcall("silence_remove", agent="lea", silence=made["id"], test_now=T0)
    world.outage("grew", 3, people=30)
    hook.wait(2)
    assert "6 people" in hook.texts[0] and "30 people" in hook.texts[1]


def test_a_dead_channel_is_an_event_on_another(world):
    dead, ops = world.receiver("dead"), world.receiver("ops", "slack")
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["dead"]},
                {"match": {"event": ["channel.*"]}, "channels": ["ops"]})
    dead.fail(410)
    first = world.start()
    world.outage("opened", 1, people=20)
    ops.wait_text("channel dead takes nothing")
    world.kill(first)
    dead.heal()
    world.start(T0 + 60 * MINUTE)
    dead.wait_text("20 people")
    ops.wait_text("channel dead works again")
    assert [e["type"] for e in world.site.ops_events() if e["type"].startswith("channel.")] == \
        ["channel.failing", "channel.recovered"]


def test_redis_down_and_up_are_said_without_redis(world):
    pager, chat = world.receiver("pager", direct=True), world.receiver("chat", "slack")
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["chat"]}, channels={}, direct_after="1s")
    world.start()
    world.site.forget_redis()
    world.site.server.kill()
    pager.wait_text("redis.down")
    world.site.server.start()
    pager.wait_text("redis.up")
    assert [b["type"] for b in bodies(pager)] == ["redis.down", "redis.up"] and not chat.messages


def test_a_reload_and_an_orderly_end_lose_nothing(world):
    hook = world.receiver("hook")
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["hook"]})
    daemon = world.start()
    hook.down()
    world.outage("opened", 1, people=20)
    world.wait_letters("hook", lambda letters: letters, "a letter")
    mark = daemon.mark()
    daemon.send_signal(1)
    daemon.wait_log("configuration and rules reloaded", 20, since=mark)
    assert daemon.stop() == 0
    hook.up()
    world.start(T0 + 60 * MINUTE)
    hook.wait_text("20 people")
    world.wait_letters("hook", lambda letters: not letters, "told")
    assert len(hook.messages) == 1


# ---- many --------------------------------------------------------------------------------------------------


def told_events(receiver):
    """How many events the messages that came stand for."""
    return sum(int(re.search(r"(\d+) events", text).group(1)) if " events" in text else 1
               for text in receiver.texts)


def heard_in(world, batches, kind):
    began = time.monotonic()
    for _ in range(batches):
        world.ingest(100, **{"class": kind})
    return time.monotonic() - began


def memory_mib(daemon):
    status = (pathlib.Path("/proc") / str(daemon.pid) / "status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def test_ten_thousand_events_and_one_message_a_second(world):
    """What does not get through waits as 64 messages and one summary that counts the rest; no post waits
    for it."""
    chat = world.receiver("chat", "slack", rates=[(1, 1)], per_minute=60)
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["chat"]})
    quiet = world.start()
    heard_in(world, 10, "complaint")
    alone = heard_in(world, 100, "complaint")
    quiet.stop()

    world.begin({"match": {"event": ["mention.queued"], "class": ["outage"]}, "channels": ["chat"]})
    daemon = world.start()
    beside = heard_in(world, 100, "outage")
    print(f"10,000 mentions: {alone:.2f} s without alerts, {beside:.2f} s with, ratio {beside / alone:.2f}; "
          f"mentiond has {memory_mib(daemon):.0f} MiB")
    assert beside < 3 * alone + 1

    def all_are_there():
        with chat.lock:
            return told_events(chat) + sum(x["events"] for x in world.letters("chat")) == 10_000

    wait_for(all_are_there, 60, lambda: f"10,000 told or waiting; told {told_events(chat)}, waiting "
                                        f"{sum(x['events'] for x in world.letters('chat'))}")
    assert len(world.letters("chat")) <= 65
    assert SCALE > 1 or memory_mib(daemon) < 64  # sanitizers keep freed memory aside
    assert daemon.stop() == 0
    assert all_are_there()
    chat.check()


# ---- real receivers ----------------------------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("prometheus-alertmanager"), reason="there is no prometheus-alertmanager")
def test_a_real_alertmanager_is_told_and_told_that_it_is_over(world, tmp_path):
    real = world.site.add(RealAlertmanager(tmp_path))
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["am"]}, channels={"am": real.channel()})
    world.start(int(time.time() * 1000))
    world.outage("opened", 1, people=20)
    (alert,) = wait_for(real.alerts, 30, "an alert")
    assert alert["labels"]["brand"] == "acme" and alert["labels"]["key"] == "acme/outage/o1"
    world.outage("over", 2, people=20)
    wait_for(lambda: not real.alerts(), 30, "the alert to be over")


class Mailbox:
    def __init__(self):
        controller = pytest.importorskip("aiosmtpd.controller", reason="python3-aiosmtpd is not installed")
        self.mails = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.server = controller.Controller(self, hostname="127.0.0.1", port=self.port)
        self.server.start()

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802, aiosmtpd's name
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"

    def close(self):
        self.server.stop()


def test_a_real_mail_server_gets_one_thread(world):
    mailbox = world.site.add(Mailbox())
    mail = {"type": "email", "server": f"smtp://127.0.0.1:{mailbox.port}", "from": "mentiond@acme.example",
            "to": ["ops@acme.example"], "plain": True}
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["mail"]}, channels={"mail": mail})
    world.start()
    world.outage("opened", 1, people=20, examples=world.ingest(2))
    wait_for(lambda: mailbox.mails, 30, "a mail")
    world.outage("over", 2, people=20)
    wait_for(lambda: len(mailbox.mails) == 2, 30, "a second mail")
    opened, over = mailbox.mails
    assert "login is down, 20 people" in opened["subject"] and "is back" in over["subject"]
    assert "text of net:1" in opened.get_content()
    assert opened["references"] == over["references"] and opened["message-id"] != over["message-id"]


@pytest.mark.skipif(not shutil.which("apprise"), reason="apprise is not installed")
def test_a_real_program_takes_the_notice_on(world):
    """apprise reads it from standard input and knows 80 services more."""
    asked = world.site.add(Web(lambda request: Reply("{}")))
    program = {"type": "exec", "argv": ["apprise", "-t", "mentiond", f"json://127.0.0.1:{asked.port}/"]}
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["others"]}, channels={"others": program})
    world.start()
    world.outage("opened", 1, people=20)
    wait_for(lambda: asked.requests, 30, "what apprise sends")
    told = json.loads(json.loads(asked.requests[0].body)["message"])
    assert told["type"] == "outage.opened" and told["data"]["people"] == "20"


# ---- mentionctl --------------------------------------------------------------------------------------------


def test_a_channel_is_tried_from_the_command_line(world):
    hook = world.receiver("hook")
    world.begin()
    done = world.site.ctl("alerts", "test", "hook", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["taken"], done.stderr
    assert hook.messages[0].body["type"] == "test"
    hook.fail(410)
    done = world.site.ctl("alerts", "test", "hook")
    assert done.returncode == 1 and "410" in done.stdout and "s3cret" not in done.stdout + done.stderr
    assert world.site.ctl("alerts", "test", "hok").returncode == 2


def test_routes_are_tried_without_sending(world):
    hook, chat = world.receiver("hook"), world.receiver("chat", "slack")
    world.begin({"match": {"event": ["outage.*"], "topic": ["login"]}, "channels": ["chat"], "name": "night"},
                {"match": {"event": ["outage.*"]}, "channels": ["hook"]})
    event = world.site.folder / "event.json"
    event.write_text(json.dumps({"type": "outage.opened", "brand": "acme", "id": "o1", "topic": "login",
                                 "people": 37, "since": T0, "places": ["north", "south"]}))
    done = world.site.ctl("alerts", "routes", "test", event, "--json")
    (would,) = json.loads(done.stdout)
    assert done.returncode == 0 and (would["route"], would["channel"]) == ("night", "chat")
    assert "37 people" in would["title"] and "north, south" in would["body"]
    assert "s3cret" not in done.stdout and would["to"].endswith("/***")
    assert "night" in world.site.ctl("alerts", "routes", "test", event).stdout
    event.write_text('{"type": "mention.queued", "brand": "acme", "id": "net:1"}')
    assert world.site.ctl("alerts", "routes", "test", event).returncode == 1
    event.write_text('{"type": "no.such"}')
    assert "no.such" in world.site.ctl("alerts", "routes", "test", event).stderr
    assert not hook.requests and not chat.requests


def test_silences_and_what_waits_from_the_command_line(world):
    hook = world.receiver("hook")
    world.begin({"match": {"event": ["outage.*"]}, "channels": ["hook"]})
    world.start(T0 + 5 * MINUTE)
    done = world.site.ctl("silence", "add", "--match", "topic=login,signup", "--match", "overdue=10m",
                          "--for", "2h",
                          "--reason", "drill", "--as", "lea", "--json")
    assert done.returncode == 0, done.stderr
    one = json.loads(done.stdout)
    assert one["match"] == {"topic": ["login", "signup"], "overdue": "10m"}
    assert "topic=login,signup" in world.site.ctl("silence", "list").stdout
    assert [s["id"] for s in json.loads(world.site.ctl("silence", "list", "--json").stdout)] == [one["id"]]
    assert world.site.ctl("silence", "remove", one["id"], "--as", "lea").returncode == 0
    assert world.site.ctl("silence", "remove", one["id"], "--as", "lea").returncode == 1
    assert json.loads(world.site.ctl("silence", "list", "--json").stdout) == []
    for wrong in (["--match", "topc=login", "--for", "2h", "--reason", "x"],
                  ["--match", "topic=login", "--for", "2h"],
                  ["--match", "topic=login", "--reason", "x"],
                  ["--match", "people=many", "--for", "1h", "--reason", "x"]):
        assert world.site.ctl("silence", "add", *wrong).returncode == 2, wrong

    hook.fail(410)
    world.outage("opened", 1, people=20)
    world.wait_letters("hook", lambda letters: letters, "a letter")

    def listed():
        return json.loads(world.site.ctl("alerts", "list", "--json").stdout)

    wait_for(lambda: any(c["failing"] for c in listed()), 30, "a failing channel")
    assert [(c["channel"], c["waiting"]) for c in listed() if c["of"] == "acme"] == [("hook", 1)]
    assert "failing" in world.site.ctl("alerts", "list").stdout
