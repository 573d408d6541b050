"""Receivers of alerts that are as strict as the real ones: Receiver("discord").

A receiver answers on loopback in its service's own forms. What the service would not take (lengths, missing fields, a
wrong signature), and what nobody should get (something that pings, links or escapes), is refused and kept in `refused`;
what it takes is in `messages`. Rates are the real ones unless a test gives others. Tests make it fail:

    receiver.fail(429, times=2, wait=3)    # in the service's form; or status, headers and body of your own
    receiver.lose(1)                       # takes the message, and closes the connection without an answer
    receiver.down(); receiver.up()         # nobody listens; then again, at the same port

`channel()` is its entry of alerts.channels, `environment` what the daemon needs to be given for it.
"""
import collections
import json
import threading
import time

from .harmless import Harm
from .receiver_kinds import KINDS, Refused
from .waiting import wait_for
from .web import Reply, Web

# `key` tells what is the same for the service: a retry with the same key makes no second message.
Message = collections.namedtuple("Message", "at text body request key")


class Receiver:
    def __init__(self, kind, rates=None, **more):
        self.kind = KINDS[kind](**more)
        self.rates = self.kind.rates if rates is None else rates  # [(messages, seconds)]; [] for none
        self.messages, self.refused, self.repeats = [], [], []
        self.times, self.plans = [], []
        self.lock = threading.RLock()
        self.is_down = False
        self.web = Web(self._answer)
        self.kind.url = self.url = self.web.url

    # ---- for tests ------------------------------------------------------------------------------------------------

    def channel(self, **more):
        return {"type": self.kind.name, **self.kind.config(), **more}

    @property
    def environment(self):
        return self.kind.environment()

    @property
    def requests(self):
        return self.web.requests

    @property
    def texts(self):
        with self.lock:
            return [m.text for m in self.messages]

    def fail(self, status=500, headers=(), body=None, times=None, wait=None):
        """The next `times` requests, or all until heal(); without a body in the service's own form."""
        with self.lock:
            self.plans.append({"left": times, "status": status, "headers": dict(headers), "body": body, "wait": wait})

    def lose(self, times=1):
        with self.lock:
            self.plans.append({"left": times, "lose": True})

    def stall(self, seconds, times=1):
        """Answers `seconds` too late."""
        with self.lock:
            self.plans.append({"left": times, "stall": seconds})

    def heal(self):
        with self.lock:
            self.plans.clear()

    def down(self):
        self.is_down = True
        self.web.close()

    def up(self):
        before = self.web
        self.web = Web(self._answer, port=before.port)
        self.web.requests = before.requests
        self.is_down = False

    def wait(self, n=1, seconds=30):
        wait_for(lambda: len(self.messages) >= n, seconds,
                 lambda: f"{n} messages at {self.kind.name}; {len(self.messages)} came, refused: {self.refused[:3]}")
        return self.messages[n - 1]

    def wait_text(self, words, seconds=30):
        wait_for(lambda: any(words in text for text in self.texts), seconds,
                 lambda: f"{words!r} at {self.kind.name}; came: {self.texts}, refused: {self.refused[:3]}")

    def check(self):
        """Nothing came that the service would have refused."""
        assert not self.refused, self.refused[:5]

    def close(self):
        if not self.is_down:
            self.web.close()

    # ---- answering ------------------------------------------------------------------------------------------------

    def _plan(self):
        while self.plans and self.plans[0]["left"] == 0:
            self.plans.pop(0)
        if not self.plans:
            return {}
        plan = self.plans[0]
        if plan["left"] is not None:
            plan["left"] -= 1
        return plan

    def _answer(self, request):
        with self.lock:
            if self.is_down:
                return None
            plan = self._plan()
            if "status" in plan:
                return self._failure(plan)
            wait = self._too_fast()
            if wait > 0:
                return self.kind.failure(429, wait)
            reply = self._take(request)
        if "stall" in plan:
            threading.Event().wait(plan["stall"])
        return None if "lose" in plan or "stall" in plan else reply

    def _failure(self, plan):
        if plan["body"] is not None:
            return Reply(plan["body"], plan["status"], plan["headers"])
        reply = self.kind.failure(plan["status"], plan["wait"])
        reply.headers.update(plan["headers"])
        return reply

    def _too_fast(self):
        """Seconds until the next may come."""
        now = time.monotonic()
        for count, seconds in self.rates:
            if len(self.times) >= count and now - self.times[-count] < seconds:
                return round(seconds - (now - self.times[-count]), 3)
        self.times.append(now)
        return 0

    def _take(self, request):
        try:
            body = json.loads(request.body.decode("utf-8", "strict"))
        except ValueError as why:
            self.refused.append(f"not JSON: {why}")
            return self.kind.failure(400)
        try:
            key, text, reply = self.kind.take(request, body)
        except Refused as refusal:
            self.refused.append(refusal.why)
            return refusal.reply
        except Harm as harm:
            self.refused.append(str(harm))
            return self.kind.failure(400)
        if key is not None and any(m.key == key for m in self.messages):
            self.repeats.append(key)
        else:
            self.messages.append(Message(time.time(), text, body, request, key))
        return reply
