"""Every channel's own requests against receivers that are as strict as the real ones, and against a real Alertmanager.

What the channel makes is asked of alert_show; sending, waiting and retrying are the alerter's and tested with it.
"""
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from lib.receiver_kinds import KINDS
from lib.receivers import Receiver
from lib.waiting import BUILD, wait_for

FIRING, ACKED, RESOLVED, PASSING = range(4)
WORDS = {
    "plain": "",
    "pings": "@everyone @here @channel @all @acme <!channel> <!here> <@U1> <@&7> <#C1> <!subteam^S1> <at>ops</at> @room",
    "links": "[x](http://evil.example) ](https://e.example) <https://e.example|y> https://evil.example/a ![i](http://e/i.png) "
             "<a href='http://e'>z</a> http://e mailto:a@b.example",
    "markup": "**b** __u__ ~~s~~ ||spoiler|| `c` ```block``` > quote </b><script>alert(1)</script> ]]> &amp; &#64; \\",
    "lines": "one\n# heading\n- list\n> quote\n| a | b |\n|---|---|\n```\ncode",
    "escapes": "\x1b[31mred\x1b[0m \x1b]8;;http://e\x07x\x1b]8;;\x07 \u202egnp.exe\u202c \u2066x\u2069 \u200f \u200b \ufeff "
               "\U000e0041 \x07\x08",
    "emoji": "\U0001F525" * 5000,
    "letters": "\u8a9e" * 5000,
    "quotes": '"\\' * 2500,
    "ampersands": "&<>" * 1700,
    "ats": "@" * 5000,
    "a long word": "x" * 20000,
}


def request_of(receiver, words="", phase=FIRING, **more):
    options = {k: v for k, v in receiver.channel(**more).items() if k != "type"}
    made = subprocess.run(
        [BUILD / "tests" / "unit" / "alert_show", receiver.kind.name, json.dumps(options), words, str(phase),
         str(int(time.time() * 1000))], env={**os.environ, **receiver.environment}, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def send(made):
    request = urllib.request.Request(made["url"], made["body"].encode(), made["headers"], method=made["method"])
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


@pytest.fixture(params=sorted(KINDS))
def receiver(request):
    one = Receiver(request.param, rates=[])
    yield one
    one.close()


@pytest.mark.parametrize("words", sorted(WORDS))
def test_taken_and_harmless(receiver, words):
    for phase in (FIRING, ACKED, RESOLVED, PASSING):
        status = send(request_of(receiver, WORDS[words], phase))
        assert 200 <= status < 300, receiver.refused
    receiver.check()


def test_says_what_it_is_about(receiver):
    assert send(request_of(receiver)) < 300
    text = receiver.wait(1).text
    told = ["outage.opened"] if receiver.kind.name == "webhook" else ["acme: login is down, 37 people"]
    for words in told:
        assert words in text.replace("\\", "")


@pytest.mark.parametrize("kind", ["alertmanager", "matrix", "pagerduty", "webhook"])
def test_a_retry_makes_no_second_message(kind):
    receiver = Receiver(kind, rates=[])
    try:
        made = request_of(receiver)
        assert send(made) < 300 and send(made) < 300
        assert len(receiver.messages) == 1 and len(receiver.repeats) == 1
    finally:
        receiver.close()


def test_an_incident_is_followed_to_its_end():
    receiver = Receiver("pagerduty", rates=[])
    try:
        for phase, action in ((FIRING, "trigger"), (ACKED, "acknowledge")):
            assert send(request_of(receiver, phase=phase)) == 202
            assert list(receiver.kind.open.values()) == [action]
        assert send(request_of(receiver, phase=RESOLVED)) == 202
        assert not receiver.kind.open
    finally:
        receiver.close()


# ---- a real Alertmanager ------------------------------------------------------------------------------------------

class RealAlertmanager:
    class kind:
        name = "alertmanager"

    environment = {}

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        config = folder / "alertmanager.yml"
        config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        self.process = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder}/data",
             f"--web.listen-address={self.url[7:]}", "--cluster.listen-address="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.is_ready, 30, "Alertmanager")

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=5) as reply:
                return reply.status == 200
        except OSError:
            return False

    def channel(self, **more):
        return {"type": "alertmanager", "url": self.url, **more}

    def alerts(self):
        asked = subprocess.run(["amtool", f"--alertmanager.url={self.url}", "alert", "query", "-o", "json"],
                               capture_output=True, text=True, check=True)
        return json.loads(asked.stdout)

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.mark.skipif(not shutil.which("prometheus-alertmanager"), reason="prometheus-alertmanager is not installed")
def test_a_real_alertmanager(tmp_path):
    real = RealAlertmanager(tmp_path)
    try:
        assert send(request_of(real, labels=["severity=page"])) == 200
        alert, = wait_for(real.alerts, 30, "an alert")
        assert alert["labels"] == {"alertname": "MentiondOutage", "brand": "acme", "key": "acme/outage/o1",
                                   "severity": "page"}
        assert alert["annotations"]["people"] == "37"
        for words in WORDS.values():  # updates of the same alert
            assert send(request_of(real, words, ACKED, labels=["severity=page"])) == 200
            assert len(real.alerts()) == 1
        assert send(request_of(real, phase=RESOLVED, labels=["severity=page"])) == 200
        wait_for(lambda: real.alerts() == [], 30, "its end")
    finally:
        real.close()
