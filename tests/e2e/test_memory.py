"""Nothing is left behind: valgrind over a whole life of the daemon, and memory that does not grow with what passes."""
import pathlib
import re
import shutil
import signal

import pytest

from lib import bluesky
from lib.bluesky import Bluesky
from lib.daemon import MENTIOND
from lib.mastodon import Mastodon, status
from lib.posts import now_ms
from lib.site import BRAND
from lib.waiting import SCALE, wait_for

VALGRIND = ("valgrind", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
            "--error-exitcode=99", "--num-callers=20",
           f"--suppressions={pathlib.Path(__file__).parent}/lib/valgrind.supp", MENTIOND)
RSS_MAX_KIB = 15 * 1024
RSS_GROWTH_MAX_KIB = 2 * 1024


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
@pytest.mark.skipif(SCALE > 1, reason="a build with sanitizers does not run under valgrind")
def test_valgrind_finds_nothing(redis_site):
    """Start, three kinds of sources, a failure, a reload, a wrong reload, a stop: no error, no leak."""
    m = redis_site.add(Mastodon([status(n) for n in range(50)]))
    b = redis_site.add(Bluesky([bluesky.post(n) for n in range(20)]))
    (redis_site.folder / "posts.jsonl").write_text('{"id":"1","text":"acme is down","author":"u"}\nnot json\n')
    sources = [m.source(), b.source(), {"name": "file", "type": "file", "path": "posts.jsonl"},
               {"name": "gone", "type": "file", "path": "nosuch.jsonl"},
               {"name": "program", "type": "exec", "argv": ["/bin/false"]}]
    config = redis_site.configure(sources, accounts={"bsky": b.account()})
    daemon = redis_site.start(program=VALGRIND)
    redis_site.wait_heard(m.ids() | b.ids() | {"file:1"}, 60)
    right = config.read_text()
    for text, said in (("brands: [", "not reloaded"), (right, "configuration and rules reloaded")):
        mark = daemon.mark()
        config.write_text(text)
        daemon.send_signal(signal.SIGHUP)
        daemon.wait_log(said, 60, since=mark)
    daemon.send_signal(signal.SIGTERM)
    status_code = daemon.wait(60)
    report = "\n".join(x for x in daemon.lines if x.startswith("=="))
    assert status_code == 0, report
    assert "ERROR SUMMARY: 0 errors" in report


def rss_kib(daemon):
    with open(f"/proc/{daemon.pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


@pytest.mark.skipif(SCALE > 1, reason="sanitizers keep freed memory aside")
def test_memory_does_not_grow_with_what_passes(redis_site):
    """After 2,000 mentions the daemon is as large as it will be: 16,000 more leave it so."""
    start = now_ms() - 20 * 3600_000
    posts = [status(n, created_ms=start + n * 1000) for n in range(18_000)]
    network = redis_site.add(Mastodon(posts[:2000]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()

    def n_heard():
        return int(redis_site.redis.call("HGET", BRAND + ":counts", "new") or 0)

    wait_for(lambda: n_heard() == 2000, 30, "the first 2,000")
    before = rss_kib(daemon)
    network.post(*posts[2000:])
    daemon.send_signal(signal.SIGHUP)
    wait_for(lambda: n_heard() == 18_000, 60, "all 18,000", every=0.2)
    assert rss_kib(daemon) < RSS_MAX_KIB
    assert rss_kib(daemon) - before < RSS_GROWTH_MAX_KIB
    print(f"RSS {before} KiB after 2,000, {rss_kib(daemon)} KiB after 18,000")
    assert daemon.stop() == 0
