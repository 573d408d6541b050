"""One that pushes mentions to a daemon, and the raw sockets of those who mean it no good."""
import base64
import hashlib
import hmac
import json
import re
import socket
import time

from .waiting import SCALE

SECRET = "a secret that only we two know"
PATH = "/push/acme/shop"
SOURCE = {"name": "shop", "type": "push", "secret": "${PUSH_SECRET}"}


def lines(*numbers, text="acme is down", **more):
    posts = ({"id": n, "text": text, "author": f"u{n}", **more} for n in numbers)
    return "".join(json.dumps(post) + "\n" for post in posts).encode()


def ids(*numbers):
    return {f"push:{n}" for n in numbers}


def sign(body, secret=SECRET, at=None):
    t = str(int(time.time() if at is None else at))
    mac = hmac.new(secret.encode(), t.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Mentiond-Signature": f"t={t},v1={mac}"}


def sign_standard(body, secret, key, message_id="msg_1"):
    t = str(int(time.time()))
    mac = hmac.new(key, f"{message_id}.{t}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": message_id, "webhook-timestamp": t,
            "webhook-signature": "v1," + base64.b64encode(mac).decode()}


def request(body=b"", method="POST", path=PATH, headers=None, length=None):
    headers = {"Host": "mentiond", **({"Content-Length": len(body) if length is None else length} if body or
                                      method == "POST" else {}), **(headers or {})}
    given = "".join(f"{k}: {v}\r\n" for k, v in headers.items() if v is not None)
    return f"{method} {path} HTTP/1.1\r\n{given}".encode() + b"\r\n" + body


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.raw = raw
        first, *rest = head.decode("latin-1").split("\r\n")
        self.status = int(first.split(" ")[1]) if first.startswith("HTTP/1.1 ") else 0
        self.headers = {k.lower(): v for k, v in (h.split(": ", 1) for h in rest if ": " in h)}

    def json(self):
        return json.loads(self.body)


class Line:
    """One connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60 * SCALE)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused already: what was said about it can still be read
        return self

    def answer(self):
        raw = b""
        try:
            while piece := self.socket.recv(65536):
                raw += piece
        except ConnectionResetError:
            pass
        self.socket.close()
        return Answer(raw)


class Pusher:
    def __init__(self, port):
        self.port = port

    def open(self):
        return Line(self.port)

    def ask(self, *args, **more):
        return self.open().send(request(*args, **more)).answer()

    def push(self, body, headers=None, **more):
        return self.ask(body, headers=sign(body) if headers is None else headers, **more)


def port_of(daemon):
    line = daemon.wait_log(r"answering by HTTP", 20)
    return int(re.search(r":(\d+)\b", line.split("at=", 1)[1]).group(1))


def listen(site, sources=(SOURCE,), config="config.yaml", **more):
    """A daemon with a push source that may be pushed to, and who pushes to it."""
    site.env["PUSH_SECRET"] = SECRET
    settings = site.settings(list(sources), http={"listen": "127.0.0.1:0"}, **more)
    site.write_config(settings, config)
    daemon = site.listen(config=config)
    return daemon, Pusher(port_of(daemon))
