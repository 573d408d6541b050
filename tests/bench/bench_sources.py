#!/usr/bin/python3
"""Many sources on one daemon, some of them on hosts that hang: are the others polled on time?

    bench_sources.py [--build build] [--sources 2000] [--hosts 100] [--hanging 0.05] [--interval 20] [--rounds 4]

One server on loopback is all hosts (127.0.1.1, 127.0.1.2, …); of those that hang no request is ever answered. Each
source has a fixed interval. Lateness is how much later than that a healthy source's next request comes, seen from the
server; the first one of each is not counted. Exit 1 when its 99th percentile is a second or more, or a source was not
polled in each round.
"""
import argparse
import asyncio
import collections
import os
import pathlib
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BODY = b'{"hits":[],"nbHits":0,"page":0,"nbPages":0,"hitsPerPage":100}'
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
BRANDS = 10  # a brand has at most 256 sources


class Server(threading.Thread):
    """Times of requests by source; `hanging` are the last parts of the addresses that never answer."""

    def __init__(self, hanging):
        super().__init__(daemon=True)
        self.hanging, self.asked, self.connections = hanging, collections.defaultdict(list), 0
        self.ready = threading.Event()
        self.start()
        self.ready.wait()

    def run(self):
        asyncio.run(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.talk, "0.0.0.0", 0, backlog=4096)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await server.serve_forever()

    async def talk(self, reader, writer):
        self.connections += 1
        hangs = int(writer.get_extra_info("sockname")[0].split(".")[3]) in self.hanging
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                source = head.split(b"query=", 1)[1].split(b"&", 1)[0].split(b" ", 1)[0]
                if hangs:
                    await asyncio.sleep(3600)
                self.asked[source].append(time.monotonic())
                writer.write(REPLY)
        except (asyncio.IncompleteReadError, ConnectionError, IndexError):
            writer.close()


def configure(site, args, port):
    sources = [{"name": f"s{i}", "type": "hackernews", "query": f"q{i}", "overlap": "0s",
                "api": f"http://127.0.1.{i % args.hosts + 1}:{port}/api/v1", "interval": f"{args.interval}s",
                "interval_min": f"{args.interval}s", "interval_max": f"{args.interval}s"}
               for i in range(args.sources)]
    settings = site.settings()
    acme = settings["brands"].pop("acme")
    for b in range(BRANDS):
        settings["brands"][f"brand{b}"] = {**acme, "sources": sources[b::BRANDS]}
    site.write_config(settings)


def resident_mb(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--sources", type=int, default=2000)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--hanging", type=float, default=0.05)
    parser.add_argument("--interval", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    os.environ["MENTIOND_BUILD"] = str(pathlib.Path(args.build).resolve())
    sys.path.insert(0, str(ROOT / "tests" / "e2e"))
    from lib.site import Site  # noqa: E402, needs the build's place

    n_hanging = round(args.hosts * args.hanging)
    server = Server(set(range(1, n_hanging + 1)))
    healthy = [i for i in range(args.sources) if i % args.hosts + 1 > n_hanging]
    site = Site()
    site.start_redis()
    try:
        configure(site, args, server.port)
        daemon = site.listen()
        began, cpu = time.monotonic(), cpu_seconds(daemon.pid)
        while any(len(server.asked[b"q%d" % i]) < args.rounds for i in healthy) \
                and time.monotonic() - began < args.interval * (args.rounds + 3) + 60:
            time.sleep(0.5)
        took = time.monotonic() - began
        busy, rss = (cpu_seconds(daemon.pid) - cpu) / took, resident_mb(daemon.pid)
    finally:
        site.close()
    late, missed = [], 0
    for i in healthy:
        times = server.asked[b"q%d" % i]
        missed += len(times) < args.rounds
        late += [after - before - args.interval for before, after in zip(times, times[1:])]
    print(f"{args.sources} sources, {args.hosts} hosts of which {n_hanging} hang, every {args.interval} s for {took:.0f} s")
    print(f"lateness of {len(healthy)} healthy sources: p50 {percentile(late, .5) * 1000:.0f} ms, "
          f"p99 {percentile(late, .99) * 1000:.0f} ms, worst {max(late) * 1000:.0f} ms; {missed} not in each round")
    print(f"resident {rss:.1f} MiB, processor {busy * 100:.1f} %, {server.connections} connections for "
          f"{sum(map(len, server.asked.values()))} answers")
    return 1 if missed or percentile(late, 0.99) >= 1 else 0


if __name__ == "__main__":
    sys.exit(main())
