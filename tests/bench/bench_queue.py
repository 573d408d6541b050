#!/usr/bin/python3
"""What the queue costs Redis: CPU and memory a mention, beside the same writes sent plainly.

    bench_queue.py [--mentions 100000] [--network mastodon]

CPU is Redis' own (INFO cpu), so the speed of this program does not matter.
"""
import argparse
import json
import math
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e" / "queue"))

from brand import Brand, fields  # noqa: E402
from lib.resp import encode  # noqa: E402
from redisserver import Server  # noqa: E402

BATCH = 100
LANGS = ["en", "de", "es", "fr", "pt", "other"]
TEXT = ("@acme the checkout is broken again, I have been trying to pay for an hour now and the app "
        "only says try later. This is really not good enough, sort it")[:150]


def record(n, network, now):
    """A full record as the daemon writes it, with 150 bytes of text, and its header entry."""
    post = 115_000_000_000_000_000 + n * 7919
    who = f"https://mastodon.social/users/user{n % 90000}"
    id_ = f"mastodon:{who}/statuses/{post}" if network == "mastodon" else f"{network}:{post}"
    cls = "complaint" if n % 3 else ("outage" if n % 2 else "praise")
    lang = LANGS[n % len(LANGS)]
    created = now - n % 60000
    body = {
        "id": id_, "native": str(post), "brand": "bench", "source": "tags", "network": network,
        "url": f"https://mastodon.social/@user{n % 90000}/{post}", "text": TEXT, "lang": lang,
        "created_at": created, "fetched_at": now,
        "author": {"id": who, "handle": f"user{n % 90000}@mastodon.social", "name": "Jo Doe",
                   "followers": 120 + n % 900, "created_at": 1500000000000},
        "likes": 2, "shares": 0, "replies": 1, "addressed": True, "class": cls, "score": 7,
        "scores": {cls: 7}, "signals": [],
        "hits": [{"rule": "complaint.broken", "class": cls, "score": 3, "start": 6, "end": 28},
                 {"rule": "complaint.not-good", "class": cls, "score": 4, "start": 110, "end": 134}],
        "captures": {"topic": ["payments"]},
    }
    head = {"id": id_, "network": network, "lang": lang, "class": cls, "score": 7,
            "created_at": created, "author": who, "followers": 120 + n % 900, "age_days": 3000,
            "topics": ["payments"], "addressed": 1}
    if cls == "outage":
        head["words"] = [(n * 2654435761 + i * 40503) % 2**32 for i in range(8)]
    if network == "mastodon":
        head["native"] = f"mastodon.social/{post}"
    return head, json.dumps(body, separators=(",", ":"))


def batches(brand, n, network):
    for at in range(0, n, BATCH):
        made = [record(i, network, brand.now) for i in range(at, min(n, at + BATCH))]
        header = brand.header([m[0] for m in made])
        header["cursor"] = json.dumps({"low": str(at)})
        brand.seq["s"] = (header["seq"], header["lease"])
        yield header, [m[1] for m in made]


def ingest_command(brand, header, bodies):
    """The call as the daemon makes it: the mentions as fields."""
    head = {name: value for name, value in header.items() if name != "m"}
    return ("FCALL", "mention_ingest", 2, brand.key, brand.key + ":-",
            json.dumps({**head, "fields": 1}, separators=(",", ":")),
            "".join(map(fields, header["m"])), *bodies)


def info(client, field):
    for line in client.call("INFO", "all").decode().splitlines():
        if line.startswith(field + ":"):
            return line.split(":", 1)[1]
    raise KeyError(field)


def cpu(client):
    return float(info(client, "used_cpu_user")) + float(info(client, "used_cpu_sys"))


def fcall_usec(client, command):
    stat = info(client, "cmdstat_" + command)
    return dict(p.split("=") for p in stat.split(","))


def ingest_all(brand, n, network):
    """Sends all batches, 20 in flight; answers bytes of JSON and of ids."""
    client, size, flight = brand.client, 0, 0
    for header, bodies in batches(brand, n, network):
        client.send(*ingest_command(brand, header, bodies))
        size += sum(map(len, bodies))
        flight += 1
        if flight == 20:
            drain(client, flight)
            flight = 0
    drain(client, flight)
    return size


def drain(client, n):
    for _ in range(n):
        reply = client.read()
        if isinstance(reply, Exception):
            raise reply


TARGET = {"outage": 300000, "complaint": 900000, "praise": 14400000}


def due(e, n):
    """The score that the library gives: claims need it with three digits below the millisecond."""
    factor = min(4, 1 + math.log10(1 + e["followers"]) / 4)
    return f"{int(e['created_at'] + TARGET[e['class']] / factor)}.{n % 1000:03}"


def plain_commands(header, bodies):
    """The same writes without a function: what any client would have to send at least."""
    lanes = {}
    for n, (e, body) in enumerate(zip(header["m"], bodies)):
        lane = f"0:{e['class']}:{e['lang']}:{e['network']}"
        lanes.setdefault(lane, due(e, n))
        yield ("SET", "t:{plain}:m:" + e["id"], body, "PXAT", e["created_at"] + 36 * 86400000, "NX")
        yield ("ZADD", "t:{plain}:q:" + lane, due(e, n), e["id"])
        yield ("XADD", "t:{plain}:events", "*", "type", "mention.heard", "id", e["id"], "class",
               e["class"], "state", "queued", "signals", "", "topics", "payments", "place", "",
               "created_at", e["created_at"], "fetched_at", header["fetched_at"], "author", e["author"],
               "followers", e["followers"], "age_days", e["age_days"], "repost_of", "", "backfill",
               "", "network", e["network"], "lang", e["lang"], "words",
               ",".join(map(str, e.get("words", []))))
    for lane, first in lanes.items():
        yield ("ZADD", "t:{plain}:heads:" + lane.split(":")[1], "LT", first, lane)
        yield ("ZADD", "t:{plain}:timers", "LT", first, "over|" + lane, first, "aged|" + lane)
    yield ("HSET", "t:{plain}:source:s", "seq", header["seq"], "cursor", header["cursor"])


def plain_all(brand, n, network):
    for header, bodies in batches(brand, n, network):
        commands = list(plain_commands(header, bodies))
        brand.client.sock.sendall(b"".join(encode(c) for c in commands))
        drain(brand.client, len(commands))


def measure(options, run):
    """Redis' CPU seconds, bytes it grew by, and what `run` answers."""
    server = Server("--maxmemory", "0")
    try:
        brand = Brand(server.client, "bench", start=int(time.time() * 1000), languages=LANGS[:-1])
        ingest_all(brand, 1000, options.network + "0")
        memory, before = int(info(server.client, "used_memory")), cpu(server.client)
        size = run(brand, options.mentions, options.network)
        return (cpu(server.client) - before,
                int(info(server.client, "used_memory")) - memory, size)
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mentions", type=int, default=100000)
    parser.add_argument("--network", default="x", help="x: short ids; mastodon: URIs, native ids")
    options = parser.parse_args()
    n = options.mentions
    used, grown, size = measure(options, ingest_all)
    print(f"mention_ingest  {1e6 * used / n:6.1f} us of Redis CPU a mention, batches of {BATCH}")
    print(f"plain commands  {1e6 * measure(options, plain_all)[0] / n:6.1f} us, SET, ZADD and XADD"
          " pipelined")
    print(f"memory          {grown / n:6.0f} bytes a waiting mention: JSON {size / n:.0f}"
          f" + {(grown - size) / n:.0f}")


if __name__ == "__main__":
    main()
