"""Nothing lost, nothing twice: kill -9 of the daemon and of Redis at random moments of an ingest of 20,000 mentions.

The moments come from a seeded generator ($MENTIOND_TEST_SEED repeats a run). They are chosen by how far the
walk has come, plus a little time: so they hit the middle of pages, batches and replies on slow and fast machines alike.

What docs/queue.md promises about persistence: the cursor and the mentions it stands for are written in one step, so
whatever Redis forgets, it forgets together, and the network is read again. A mention may then be heard by events that
are lost with it; those that are left are one for each mention.
"""
import os
import random
import threading

import pytest

from lib.mastodon import FIRST_ID, Mastodon, status
from lib.posts import now_ms
from lib.waiting import SCALE, Deadline, wait_for

N_MENTIONS = 20_000
N_REQUESTS = N_MENTIONS // 40
N_DAEMON_KILLS = 50
N_REDIS_KILLS = 10
N_POWER_CUTS = 5
WITHIN_MS = 3


@pytest.fixture
def dice():
    seed = int(os.environ.get("MENTIOND_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"MENTIOND_TEST_SEED={seed}")
    return random.Random(seed)


@pytest.fixture(scope="module")
def statuses():
    start = now_ms() - 20 * 3600_000
    return [status(n, created_ms=start + n * 1000) for n in range(N_MENTIONS)]


@pytest.fixture
def network(redis_site, statuses):
    """Walked forwards from the first status, a page of 40 at a time, then nothing new."""
    one = redis_site.add(Mastodon(statuses[:1]))
    redis_site.configure([one.source(backfill="24h")])
    assert redis_site.once().status == 0  # the cursor stands at the first
    one.post(*statuses[1:])
    return one


def moments(dice, n):
    """`n` places of the walk, in order: the number of the status that is asked for."""
    return sorted(dice.randrange(N_MENTIONS * 9 // 10) for _ in range(n))


def kill_at(network, place, dice, kill):
    """Waits until the walk has come there, or has moved on at all, and a moment longer."""
    at = str(FIRST_ID + place)
    before = len(network.web.requests)

    def is_there():
        news = network.web.requests[before:]
        return news and (news[-1].param("min_id") or "") >= at

    wait_for(is_there, 60, lambda: f"the walk to reach {at}; it is at {network.web.requests[-1:]}", every=0.002)
    threading.Event().wait(dice.uniform(0, WITHIN_MS * SCALE) / 1000)
    kill()


def check_end(site, network, daemon):
    ids = network.ids()
    wait_for(lambda: site.cursor("tags")[0] == {"low": network.statuses[-1]["id"]}, 120,
             lambda: f"the cursor's end; it is {site.cursor('tags')}; {daemon.lines[-5:]}", every=0.2)
    assert daemon.stop() == 0
    assert len(ids) == N_MENTIONS
    site.check_exactly(ids)


def test_kill_9_of_the_daemon(redis_site, network, dice):
    for place in moments(dice, N_DAEMON_KILLS):
        redis_site.release_leases()
        daemon = redis_site.start()
        kill_at(network, place, dice, daemon.kill)
    redis_site.release_leases()
    check_end(redis_site, network, redis_site.listen())
    assert len(network.web.requests) < 2 * N_REQUESTS, "pages are not read over and over"


@pytest.mark.parametrize("power_cut", [False, True], ids=["crash", "power-cut"])
def test_kill_9_of_redis(redis_site, network, dice, power_cut):
    """Crashes of the server; after a power cut the end of its append-only file is missing too."""
    daemon = redis_site.listen()
    for place in moments(dice, N_POWER_CUTS if power_cut else N_REDIS_KILLS):
        kill_at(network, place, dice, redis_site.server.kill)
        redis_site.forget_redis()
        if power_cut:
            redis_site.server.cut_log(dice.randrange(200_000))
        redis_site.server.start()
    check_end(redis_site, network, daemon)


def test_redis_and_the_daemon_together(redis_site, network, dice):
    """A machine that loses its power: both gone at once, and the last writes with them."""
    for place in moments(dice, N_POWER_CUTS):
        daemon = redis_site.start()
        kill_at(network, place, dice, redis_site.server.kill)
        daemon.kill()
        redis_site.forget_redis()
        redis_site.server.cut_log(dice.randrange(500_000))
        redis_site.server.start()
        redis_site.release_leases()
    check_end(redis_site, network, redis_site.listen())


# the embedded server -------------------------------------------------------------------------------


def servers_in(folder):
    """Process ids of every redis-server whose folder, config or socket is in `folder`."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                command = f.read()
            where = os.readlink(f"/proc/{pid}/cwd")
            with open(f"/proc/{pid}/stat") as f:
                is_zombie = f.read().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            continue
        if b"redis-server" in command and not is_zombie \
                and (str(folder).encode() in command or where.startswith(str(folder))):
            found.append(int(pid))
    return found


def test_embedded_never_runs_twice(site, dice, statuses):
    """After each kill -9 of the daemon at most one server writes to the state directory, and it is used again."""
    network = site.add(Mastodon(statuses[:2000]))
    site.configure([network.source(backfill="24h")])
    state = site.folder / "state"
    for _ in range(10):
        before = len(network.web.requests)
        daemon = site.start()
        deadline = Deadline(30)
        while len(network.web.requests) == before and not daemon.log_lines("listening") and not deadline.over():
            assert len(servers_in(state)) <= 1
            threading.Event().wait(0.01)
        threading.Event().wait(dice.uniform(0, 0.2 * SCALE))
        daemon.kill()
        assert len(servers_in(state)) <= 1
    daemon = site.listen()
    assert len(servers_in(state)) == 1
    intruder = site.start()
    assert intruder.wait(30) == 1, "a second daemon on the same folder is refused"
    assert intruder.complaints("another mentiond|lock|in use"), intruder.lines
    assert len(servers_in(state)) == 1
    assert daemon.is_running()
    assert daemon.stop() == 0
    wait_for(lambda: not servers_in(state), 10, "the server to end with its daemon")


TORN = b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\ntorn\r\n$1\r\n1\r\n*3\r\n$3\r\nSET\r\n$4"


def test_embedded_mends_its_file_after_a_crash(site, statuses):
    """A transaction torn by a crash is out of the file before the server starts."""
    network = site.add(Mastodon(statuses[:100]))
    site.configure([network.source(backfill="24h")])
    daemon = site.listen()
    assert daemon.stop() == 0
    log = sorted((site.folder / "state" / "appendonlydir").glob("*.incr.aof"))[-1]
    with open(log, "ab") as end:
        end.write(TORN)
    daemon = site.listen()
    assert daemon.stop() == 0
    assert b"torn" not in log.read_bytes()
