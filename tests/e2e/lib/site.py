"""One test's place: a folder with config and rules, a Redis of its own, and the programs that a test starts there."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from .daemon import MENTIONCTL, MENTIOND, Daemon
from .posts import RULES
from .redis_server import RedisServer
from .waiting import SCALE, wait_for

BRAND = "mentiond:{acme}"
OPS_EVENTS = "mentiond:{@ops}:events"
SOURCES = "mentiond:{@ops}:sources"
OWN = {"mastodon": ["acme@mastodon.example"], "bluesky": ["acme-care.bsky.example"]}


class Site:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="me2e-"))
        (self.folder / "rules.yaml").write_text(RULES)
        self.daemons = []
        self.closing = []
        self.server = None
        self._redis = None
        self.env = {"BSKY_PASSWORD": "abcd-efgh-ijkl-mnop"}

    # setting up ----------------------------------------------------------------------------------

    def start_redis(self, *options):
        self.server = RedisServer(self.folder / "redis", *options).start()
        return self.server

    def add(self, network):
        """A network that ends with the test."""
        self.closing.append(network)
        return network

    def settings(self, sources=(), accounts=None, brand=None, **top):
        """A configuration as a dict; JSON is YAML. `top` replaces or adds what is at the top."""
        url = self.server.url if self.server else "embedded"
        http = {"user_agent": "e2e/1", "allow_private": True, **top.pop("http", {})}  # ours are on loopback
        return {
            "state_dir": "./state",
            "redis": {"url": url, "namespace": "mentiond"},
            "http": http,
            "log": {"level": "info"},
            "accounts": accounts or {},
            "brands": {"acme": {"terms": ["acme", "@acme", "#acme"], "own_accounts": OWN, "queue_none": "all",
                                # or three of the tests' posts were one, and waited in it instead of in a lane
                                "outages": "off", "rules": ["rules.yaml"], "sources": list(sources), **(brand or {})}},
            **top}

    def write_config(self, settings, name="config.yaml"):
        path = self.folder / name
        path.write_text(json.dumps(settings, indent=1))
        return path

    def configure(self, sources=(), **more):
        return self.write_config(self.settings(sources, **more))

    # programs ------------------------------------------------------------------------------------

    def start(self, *args, config="config.yaml", env=None, program=(MENTIOND,)):
        daemon = Daemon("--config", self.folder / config, *args, program=program,
                        log_path=self.folder / f"log{len(self.daemons)}", cwd=self.folder,
                        env={**self.env, **(env or {})})
        self.daemons.append(daemon)
        return daemon

    def listen(self, *args, **more):
        """A daemon that has begun to poll."""
        daemon = self.start(*args, **more)
        daemon.wait_log(r"\blistening\b", 20)
        return daemon

    def once(self, *args, seconds=60, **more):
        """One run with --once; the ended daemon, its status in `status`."""
        daemon = self.start("--once", *args, **more)
        daemon.status = daemon.wait(seconds)
        return daemon

    def run(self, *args, seconds=30, env=None):
        """A program that ends by itself: what it printed and its status."""
        return subprocess.run([str(a) for a in args], capture_output=True, text=True, cwd=self.folder,
                              timeout=seconds * SCALE, stdin=subprocess.DEVNULL,
                              env={**os.environ, **self.env, **(env or {})})

    def mentiond(self, *args, **more):
        return self.run(MENTIOND, *args, **more)

    def ctl(self, *args, **more):
        return self.run(MENTIONCTL, "--config", self.folder / "config.yaml", *args, **more)

    # what is in Redis ----------------------------------------------------------------------------

    @property
    def redis(self):
        if not self._redis:
            self._redis = self.server.connect()
        return self._redis

    def forget_redis(self):
        """After a crash of the server: the next use connects anew."""
        if self._redis:
            self._redis.close()
            self._redis = None

    def fcall(self, function, key=BRAND, **given):
        return self.redis.fcall(function, key, given)

    def release_leases(self):
        """Gives back what a killed daemon held: its 15 s are waited for in tests about leases only."""
        for key in self.redis.keys("mentiond:{@*}:lease"):
            lease = self.redis.hash(key)
            if int(lease.get("until", 0)) > 0:
                self.redis.call("HSET", key, "until", "0")

    def mention_ids(self):
        prefix = BRAND + ":m:"
        return {k[len(prefix):] for k in self.redis.keys(BRAND.replace("{", "\\{") + ":m:*")}

    def mention(self, mention_id):
        return json.loads(self.redis.call("GET", f"{BRAND}:m:{mention_id}"))

    def lanes(self):
        """lane -> ids that wait there."""
        prefix = BRAND + ":q:"
        keys = self.redis.keys(prefix.replace("{", "\\{") + "*")
        return {k[len(prefix):]: [v.decode() for v in self.redis.call("ZRANGE", k, 0, -1)] for k in keys}

    def waiting(self):
        """Every waiting mention once for each place it waits in, so that a double shows."""
        return [i for ids in self.lanes().values() for i in ids]

    def waiting_by_class(self):
        counts = {}
        for lane, ids in self.lanes().items():
            name = lane.split(":")[1]
            counts[name] = counts.get(name, 0) + len(ids)
        return counts

    def events(self, kind=None, key=BRAND + ":events"):
        out, start = [], "-"
        while True:
            some = self.redis.call("XRANGE", key, start, "+", "COUNT", 5000)
            for entry_id, flat in some:
                fields = [v.decode() for v in flat]
                out.append({"at": entry_id.decode(), **dict(zip(fields[::2], fields[1::2]))})
            if len(some) < 5000:
                break
            start = "(" + some[-1][0].decode()
        return [e for e in out if kind in (None, e["type"])]

    def ops_events(self, kind=None):
        return self.events(kind, OPS_EVENTS)

    def source_health(self, name, brand="acme"):
        raw = self.redis.call("HGET", SOURCES, f"{brand}/{name}")
        return json.loads(raw) if raw else None

    def dump(self, key):
        """The whole value of a key, whatever its type."""
        how = {b"string": ("GET", key), b"hash": ("HGETALL", key), b"stream": ("XRANGE", key, "-", "+"),
               b"zset": ("ZRANGE", key, 0, -1), b"set": ("SMEMBERS", key), b"list": ("LRANGE", key, 0, -1)}
        kind = self.redis.call("TYPE", key)
        return self.redis.call(*how[kind if isinstance(kind, bytes) else kind.encode()])

    def cursor(self, source):
        """The stored cursor of a source, and its seq."""
        stored = self.redis.hash(f"{BRAND}:source:{source}")
        return json.loads(stored["cursor"]) if stored.get("cursor") else None, int(stored.get("seq", 0))

    def wait_heard(self, ids, seconds=15):
        """Until all of these mentions are stored."""
        ids = set(ids)
        wait_for(lambda: ids <= self.mention_ids(), seconds,
                 lambda: f"{len(ids)} mentions; missing {sorted(ids - self.mention_ids())[:5]}; "
                         f"the log ends with {self.daemons[-1].lines[-5:]}", every=0.05)

    def check_exactly(self, ids):
        """Nothing lost, nothing twice: stored, waiting and heard once each, and nothing else."""
        ids = set(ids)
        waiting = self.waiting()
        assert self.mention_ids() == ids
        assert sorted(waiting) == sorted(ids), f"{len(waiting)} wait, {len(set(waiting))} of them distinct"
        heard = [e["id"] for e in self.events("mention.heard")]
        assert sorted(heard) == sorted(ids), f"{len(heard)} heard, {len(set(heard))} of them distinct"

    # the end -------------------------------------------------------------------------------------

    def close(self):
        for daemon in self.daemons:
            if daemon.is_running():
                daemon.process.kill()
                daemon.process.wait()
            print(f"--- {daemon.log_path.name} (pid {daemon.pid}, status {daemon.process.returncode})")
            print("\n".join(daemon.lines[-40:]))
        self.forget_redis()
        if self.server:
            self.server.kill()
        for one in self.closing:
            one.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        for daemon in self.daemons:
            daemon.check_sanitizers()
