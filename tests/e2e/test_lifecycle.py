"""Starting, stopping, and what a service manager or an operator sees of it."""
import json
import os
import re
import signal
import socket
import threading
import time

import pytest

from lib.mastodon import Mastodon, status
from lib.redis_server import RedisServer
from lib.waiting import ROOT, SCALE, Deadline, wait_for
from lib.web import Reply

REFUSED = "unix:///nowhere/at/all.sock"


# the command line ----------------------------------------------------------------------------------


def test_help_and_version(site):
    helped = site.mentiond("--help")
    assert helped.returncode == 0 and helped.stderr == ""
    for option in ("--config", "--check", "--once", "--source", "--dry-run", "--help-config", "--version"):
        assert option in helped.stdout
    version = site.mentiond("--version")
    assert version.returncode == 0
    assert re.fullmatch(r"mentiond \d+\.\d+\.\d+\n", version.stdout)


def test_wrong_usage(site):
    for arguments in (["--no-such-option"], ["surplus"], ["--config"]):
        done = site.mentiond(*arguments)
        assert done.returncode == 2
        assert "--help" in done.stderr and done.stdout == ""


def test_every_key_is_explained(site):
    done = site.mentiond("--help-config")
    assert done.returncode == 0
    for key in ("state_dir", "queue_none", "max_pages", "hashtags", "identifier", "rebase", "per_minute",
                "routing_key"):
        assert re.search(rf"\b{key}\b", done.stdout), key


# --once, --source, --dry-run -----------------------------------------------------------------------


def test_once_ends_when_all_is_read(redis_site):
    good, bad = redis_site.add(Mastodon([status(n) for n in range(100)])), redis_site.add(Mastodon())
    bad.before = lambda r: Reply("no", 503)
    redis_site.configure([good.source("good", max_pages=1), bad.source("bad")])
    daemon = redis_site.once()
    assert daemon.status == 1, "one source failed"
    assert len(bad.web.requests) == 1
    redis_site.check_exactly(good.ids())
    assert redis_site.once("--source", "good").status == 0
    assert len(bad.web.requests) == 1, "only the source that was asked for"


def test_once_with_an_unknown_source(redis_site):
    redis_site.configure([])
    daemon = redis_site.once("--source", "nosuch")
    assert daemon.status in (1, 2)
    assert daemon.log_lines("no enabled source is named 'nosuch'")


def test_dry_run_writes_nothing(site):
    """Needs no Redis: prints the verdict on each mention."""
    network = site.add(Mastodon([status(n) for n in range(50)]))
    settings = site.settings([network.source()])
    settings["redis"]["url"] = REFUSED
    site.write_config(settings)
    before = sorted(p.name for p in site.folder.rglob("*"))
    done = site.mentiond("--dry-run", "--once", "--config", site.folder / "config.yaml")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 50
    for class_name, rule in (("outage", "outage.down"), ("complaint", "complaint.terrible"), ("praise", "love")):
        assert sum(line.startswith(class_name) and rule in line for line in lines) in (12, 13)
    assert sorted(p.name for p in site.folder.rglob("*")) == before, "nothing written"


# the end -------------------------------------------------------------------------------------------


class Held(Mastodon):
    """Keeps the reply to a request back until it is let go."""

    def __init__(self, statuses):
        super().__init__(statuses)
        self.asked, self.let_go = threading.Event(), threading.Event()

        def hold(_):
            self.asked.set()
            self.let_go.wait(60)

        self.before = hold

    def close(self):
        self.let_go.set()
        super().close()


def test_sigterm_finishes_what_is_under_way(redis_site):
    """The page that is on its way when the signal comes is stored, its cursor too; then leases go back."""
    network = redis_site.add(Held([status(n) for n in range(30)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    assert network.asked.wait(10 * SCALE)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait_log("stopping signal=Terminated")
    network.let_go.set()
    assert daemon.wait() == 0
    redis_site.check_exactly(network.ids())
    walk = redis_site.cursor("tags")[0]["walk"]
    assert (walk["high"], walk["next"]) == (network.statuses[-1]["id"], network.statuses[0]["id"])
    leases = redis_site.redis.keys("mentiond:{@*}:lease")
    assert leases and all(redis_site.redis.hash(k)["until"] == "0" for k in leases)


def test_sigterm_does_not_wait_for_ever(redis_site):
    """A network that never answers: given up after the grace of 10 s, in order."""
    network = redis_site.add(Held([status(1)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    assert network.asked.wait(10 * SCALE)
    begun = time.monotonic()
    assert daemon.stop(20) == 0
    assert 8 < time.monotonic() - begun < 10 + 5 * SCALE
    assert all(redis_site.redis.hash(k)["until"] == "0" for k in redis_site.redis.keys("mentiond:{@*}:lease"))


def test_a_second_signal_leaves_at_once(redis_site):
    network = redis_site.add(Held([status(1)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    assert network.asked.wait(10 * SCALE)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait_log("stopping")
    begun = time.monotonic()

    def is_gone():  # a second that comes with the first is the same wish, so it may take a third
        if daemon.is_running():
            daemon.send_signal(signal.SIGINT)
        return not daemon.is_running()

    wait_for(is_gone, 8, "it to leave", every=0.2)
    assert daemon.wait() in (0, 1)
    assert time.monotonic() - begun < 3 * SCALE
    assert daemon.log_lines("second signal")


class Manager:
    """The service manager's end of sd_notify."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def wait(self, word, seconds=10):
        deadline = Deadline(seconds)
        seen = []
        while word not in seen:
            self.socket.settimeout(max(0.01, deadline.left()))
            try:
                seen += self.socket.recv(4096).decode().split("\n")
            except TimeoutError:
                raise AssertionError(f"no {word}, only {seen}") from None
        return seen

    def close(self):
        self.socket.close()


def test_sd_notify(redis_site):
    manager = redis_site.add(Manager(redis_site.folder))
    redis_site.configure([])
    daemon = redis_site.start(env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "300000"})
    assert "STOPPING=1" not in manager.wait("READY=1")
    manager.wait("WATCHDOG=1")
    manager.wait("WATCHDOG=1")
    daemon.send_signal(signal.SIGHUP)
    assert "RELOADING=1" in manager.wait("READY=1")
    daemon.send_signal(signal.SIGTERM)
    manager.wait("STOPPING=1")
    assert daemon.wait() == 0


# Redis ---------------------------------------------------------------------------------------------


def test_redis_may_come_later(site):
    """Not there at the start: said once, waited for, and then all works; nothing is asked of networks meanwhile."""
    network = site.add(Mastodon([status(n) for n in range(5)]))
    site.server = RedisServer(site.folder / "redis")
    site.configure([network.source()])
    daemon = site.start()
    daemon.wait_log("redis not reachable, trying again")
    assert not network.web.requests
    site.server.start()
    daemon.wait_log("redis is back", 20)
    site.wait_heard(network.ids())
    assert daemon.stop() == 0
    site.check_exactly(network.ids())


def test_a_redis_that_evicts_is_refused(site):
    site.start_redis("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    site.configure([])
    daemon = site.start()
    assert daemon.wait() == 1
    assert daemon.complaints("maxmemory-policy is 'allkeys-lru'.*noeviction")


def test_a_full_redis_loses_nothing(redis_site):
    """Out of memory: sources pause and say so, agents can still work, and with memory all arrives."""
    network = redis_site.add(Mastodon([status(n) for n in range(60)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids())
    redis_site.redis.call("CONFIG", "SET", "maxmemory", "1mb")
    network.post(*[status(n) for n in range(60, 160)])
    daemon.send_signal(signal.SIGHUP)
    daemon.wait_log("batch not stored, sending it again.*OOM", 20)
    wait_for(lambda: redis_site.ops_events("redis.full"), 30, "redis.full to be said")
    assert redis_site.ops_events("redis.full")[0]["brand"] == "acme"
    claimed = redis_site.fcall("mention_claim", agent="alice", req="r1")
    assert redis_site.fcall("mention_resolve", agent="alice", id=claimed["id"], outcome="fixed", req="r2")
    redis_site.redis.call("CONFIG", "SET", "maxmemory", "0")
    redis_site.wait_heard(network.ids(), 25)
    assert daemon.stop() == 0
    heard = [e["id"] for e in redis_site.events("mention.heard")]
    assert sorted(heard) == sorted(network.ids())


def test_a_flushed_library_is_loaded_again(redis_site):
    network = redis_site.add(Mastodon([status(1)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids())
    redis_site.redis.call("FUNCTION", "FLUSH")
    network.post(status(2))
    daemon.send_signal(signal.SIGHUP)
    redis_site.wait_heard(network.ids())
    assert daemon.stop() == 0
    redis_site.check_exactly(network.ids())


@pytest.mark.parametrize("there, kept", [("1.0", False), ("1.999", True)])
def test_an_older_library_is_replaced_and_a_newer_one_kept(redis_site, there, kept):
    parts = sorted((ROOT / "daemon" / "store" / "queue").glob("[0-9]*.lua"))
    text, n = re.subn(r"local VERSION = '[^']*'", f"local VERSION = '{there}'", "".join(p.read_text() for p in parts))
    assert n == 1
    redis_site.redis.call("FUNCTION", "LOAD", text)
    network = redis_site.add(Mastodon([status(1)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids())
    version = redis_site.redis.call("FCALL_RO", "library_version", 0)
    assert (version == there.encode()) == kept
    assert daemon.stop() == 0


def test_the_embedded_server_is_watched(site):
    """It dies: it is started again, and the ingest goes on where it was."""
    network = site.add(Mastodon([status(n) for n in range(50)]))
    site.configure([network.source()])
    daemon = site.listen()
    socket_path = wait_for(lambda: next((site.folder / "state").rglob("*.sock"), None), 10, "the embedded server")
    site.server = RedisServer(socket_path.parent)
    site.server.path = socket_path
    site.wait_heard(network.ids())
    pid = int(re.search(rb"process_id:(\d+)", site.redis.call("INFO", "server")).group(1))
    site.forget_redis()
    os.kill(pid, signal.SIGKILL)
    daemon.wait_log("redis is back", 20)
    network.post(status(60))
    daemon.send_signal(signal.SIGHUP)
    site.wait_heard(network.ids())
    site.check_exactly(network.ids())
    assert daemon.stop() == 0


def test_the_state_directory_is_private(site):
    site.configure([])
    daemon = site.listen()
    assert (site.folder / "state").stat().st_mode & 0o077 == 0
    assert daemon.stop() == 0


def test_the_log_as_json(redis_site):
    redis_site.configure([], log={"format": "json", "level": "debug"})
    daemon = redis_site.listen()
    assert daemon.stop() == 0
    lines = [json.loads(line) for line in daemon.lines]
    assert {"time", "level", "module", "message"} <= set(lines[0])
    assert any(line["message"] == "listening" and line["to"] == "1 brand, 0 sources, 3 rules" for line in lines)


def test_a_daemon_closes_what_it_opened(redis_site):
    """Reloads and polls leave no file descriptor behind."""
    network = redis_site.add(Mastodon([status(1)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids())

    def reload(n):
        mark, asked = daemon.mark(), len(network.web.requests)
        daemon.send_signal(signal.SIGHUP)
        daemon.wait_log("configuration and rules reloaded", since=mark)
        wait_for(lambda: len(network.web.requests) > asked, 10, f"a poll after reload {n}")
        return len(os.listdir(f"/proc/{daemon.pid}/fd"))

    reload(0)
    first = reload(1)
    assert max(reload(n) for n in range(2, 8)) <= first + 1
    assert daemon.stop() == 0
