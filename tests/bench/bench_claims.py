#!/usr/bin/python3
"""What a claim costs with few and with many waiting, with filters, and beside an ingest.

    bench_claims.py --load build/tests/bench/claim_load [--mentions 1000000] [--seconds 5]

Latencies are what 10 clients see, beside redis-benchmark's of a GET on the same server; the cost of a
claim is Redis' own, from INFO commandstats of a single client.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e" / "queue"))

from brand import Brand  # noqa: E402
from lib.resp import encode  # noqa: E402
from redisserver import Server  # noqa: E402
import bench_queue  # noqa: E402

LANGS = [f"{a}{b}" for a in "abcd" for b in "abcde"]        # 20 languages
NETWORKS = ["mastodon", "bluesky", "reddit", "x"]           # x 3 classes: 240 lanes
# each leaves more waiting than the clients can claim in the time, so that an empty answer is a wrong one
FILTERS = {
    "none": {},
    "language": {"langs": ["ca"]},
    "class, language, network": {"classes": ["praise"], "langs": LANGS[12:], "networks": ["x", "reddit"]},
}
# nothing falls due meanwhile: what time brings about is mention_tick's work, not the claim's
TARGETS = {"outage": 6 * 3600000, "complaint": 8 * 3600000, "praise": 24 * 3600000}


def lanes_batch(brand, at, n=bench_queue.BATCH, source="s"):
    made = []
    for i in range(at, at + n):
        head, body = bench_queue.record(i, NETWORKS[i % 4], brand.now)
        head.pop("native", None)
        head["lang"] = LANGS[i // 4 % 20]
        head["class"] = ["outage", "complaint", "praise"][i // 80 % 3]
        made.append((head, body))
    header = brand.header([m[0] for m in made], source)
    brand.seq[source] = (header["seq"], header["lease"])
    return bench_queue.ingest_command(brand, header, [m[1] for m in made])


def fill(brand, n):
    flight = 0
    for at in range(0, n, bench_queue.BATCH):
        brand.client.send(*lanes_batch(brand, at))
        flight += 1
        if flight == 20:
            bench_queue.drain(brand.client, flight)
            flight = 0
    bench_queue.drain(brand.client, flight)


def load(options, server, brand, clients, filter_):
    filter_ = "".join(f",{json.dumps(k)}:{json.dumps(v)}" for k, v in filter_.items())
    out = subprocess.run([options.load, server.path, brand.key, str(clients),
                          str(options.seconds), filter_], capture_output=True, check=True)
    return json.loads(out.stdout)


def function_us(server, brand, filter_, n=300):
    """Redis' own time for a claim: no client in it."""
    took = 0
    for i in range(n):
        before = float(bench_queue.fcall_usec(server.client, "fcall")["usec"])
        got = brand.claim("cost", **filter_)
        took += float(bench_queue.fcall_usec(server.client, "fcall")["usec"]) - before
        brand.act("dismiss", "cost", id=got["id"])
    return took / n


def benchmark_get(server):
    out = subprocess.run(["redis-benchmark", "-s", server.path, "-c", "10", "-n", "100000", "-t",
                          "get", "--csv"], capture_output=True, check=True).stdout.decode()
    head, row = [line.replace('"', "").split(",") for line in out.splitlines()[-2:]]
    return float(dict(zip(head, row))["p99_latency_ms"]) * 1000


def pauses():
    """The longest time for which the machine let a busy loop stand still, in 5 s."""
    out = subprocess.run(["redis-cli", "--intrinsic-latency", "5"], capture_output=True, check=True).stdout.decode()
    return max(int(line.split()[4]) for line in out.splitlines() if line.startswith("Max latency"))


class Ingest(threading.Thread):
    """5,000 mentions a second, made beforehand."""

    def __init__(self, server, brand, at, seconds, rate=5000):
        super().__init__()
        self.client, self.stop = server.connect(), threading.Event()
        brand.open("live")
        self.pause = bench_queue.BATCH / rate
        self.commands = [encode(lanes_batch(brand, at + i * 100, source="live"))
                         for i in range(int(seconds / self.pause) + 20)]
        self.sent, self.error = 0, None

    def run(self):
        began = time.monotonic()
        for i, command in enumerate(self.commands):
            if self.stop.wait(max(0, began + i * self.pause - time.monotonic())):
                return
            self.client.sock.sendall(command)
            bench_queue.drain(self.client, 1)
            self.sent += bench_queue.BATCH


def show(what, got, options):
    options.wrong += got["empty"] + got["failed"]
    print(f"{what:44} p50 {got['p50_us']:6} us  p99 {got['p99_us']:6} us  max {got['max_us']:6} us"
          f"  {got['claims']} claims, {got['empty']} empty, {got['failed']} failed", flush=True)


def at_size(options, n):
    server = Server()
    try:
        brand = Brand(server.client, "bench", start=int(time.time() * 1000), languages=LANGS,
                      max_claims=1000, agents={}, targets=TARGETS)
        fill(brand, n)
        server.client.call("CONFIG", "SET", "slowlog-log-slower-than", "5000")
        server.client.call("SLOWLOG", "RESET")
        print(f"-- {n} waiting in {len(brand.stats()['lanes'])} lanes; redis-benchmark GET p99 "
              f"{benchmark_get(server):.0f} us")
        for name, filter_ in FILTERS.items():
            print(f"   one claim, filter {name:26} {function_us(server, brand, filter_, 200 if n > 10000 or not filter_ else 4):6.0f} us"
                  " of Redis")
        if n > 10000:
            for name, filter_ in FILTERS.items():
                show(f"   10 clients, filter {name}", load(options, server, brand, 10, filter_), options)
            ingest = Ingest(server, brand, n, options.seconds)
            ingest.start()
            show("   10 clients, beside an ingest of 5,000/s", load(options, server, brand, 10, {}), options)
            ingest.stop.set()
            ingest.join()
            print(f"   ingested meanwhile: {ingest.sent / options.seconds:.0f}/s")
        slow = server.client.call("SLOWLOG", "GET", 128)
        functions = [s[2] for s in slow if s[3][0] == b"FCALL"]
        print(f"   functions over 5 ms: {len(functions)} {sorted(functions)[-5:]}; other entries (single commands, the"
              f" machine's pauses): {len(slow) - len(functions)}; the machine alone pauses up to {pauses()} us")
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--load", required=True)
    parser.add_argument("--mentions", type=int, default=1000000)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    options.wrong = 0
    at_size(options, 1000)
    at_size(options, options.mentions)
    if options.wrong:
        sys.exit(f"bench_claims: {options.wrong} empty or failed answers while there was enough for all")


if __name__ == "__main__":
    main()
