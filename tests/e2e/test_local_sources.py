"""Sources that are no networks: files that grow and are rotated, programs that hang and fail."""
import json
import os
import stat

from lib.waiting import SCALE, wait_for

POST = {"text": "acme is down", "author": "someone"}


def line(n, **more):
    return json.dumps({"id": n, **POST, "author": f"u{n}", **more}) + "\n"


class Posts:
    """A file source and its file."""

    def __init__(self, site, **more):
        self.site, self.path = site, site.folder / "posts.jsonl"
        site.configure([{"name": "posts", "type": "file", "path": "posts.jsonl", "network": "net",
                         "interval": "100ms", **more}])

    def append(self, text):
        with self.path.open("a") as f:
            f.write(text)

    def wait(self, *numbers):
        self.site.wait_heard({f"net:{n}" for n in numbers}, 10)


def test_a_file_that_grows(redis_site):
    posts = Posts(redis_site)
    posts.append(line(1) + line(2))
    daemon = redis_site.listen()
    posts.wait(1, 2)
    posts.append(line(3))
    posts.wait(3)
    whole = line(4)
    posts.append(whole[:20])  # a writer in the middle of a line
    posts.append(line(0)[:0])
    posts.append(whole[20:])
    posts.wait(4)
    assert daemon.stop() == 0
    assert redis_site.once().status == 0
    redis_site.check_exactly({f"net:{n}" for n in (1, 2, 3, 4)})
    assert not daemon.complaints()


def test_a_file_that_is_rotated_and_one_that_is_cut(redis_site):
    posts = Posts(redis_site)
    posts.append("".join(line(n) for n in range(10)))
    daemon = redis_site.listen()
    posts.wait(*range(10))
    posts.path.rename(posts.path.with_suffix(".1"))
    posts.append(line(10))
    posts.wait(10)
    posts.append("".join(line(n) for n in range(11, 30)))
    posts.wait(*range(11, 30))
    posts.path.write_text(line(30))  # shorter than what was read
    posts.wait(30)
    assert daemon.stop() == 0
    redis_site.check_exactly({f"net:{n}" for n in range(31)})


def test_bad_lines_cost_only_themselves(redis_site):
    posts = Posts(redis_site)
    posts.append(line(1) + "not json\n" + '{"id": 5}\n' + "[1,2]\n" + line(2) + "\n\n"
                 + line(3, text="acme is down " + "x" * 70_000) + line(4))
    daemon = redis_site.once()
    assert daemon.status == 0
    redis_site.check_exactly({"net:1", "net:2", "net:4"})
    assert len(daemon.complaints("items skipped.*items=4.*line 2")) == 1


def test_a_missing_file_is_waited_for(redis_site):
    posts = Posts(redis_site)
    daemon = redis_site.listen()
    assert "posts.jsonl" in daemon.wait_log("file not read, trying again")
    posts.append(line(1))
    posts.wait(1)
    daemon.wait_log("source works again")
    assert daemon.stop() == 0


def test_a_directory_or_a_pipe_is_no_file(redis_site):
    posts = Posts(redis_site)
    posts.path.mkdir()
    daemon = redis_site.once()
    assert daemon.status == 1 and daemon.complaints("file not read")
    posts.path.rmdir()
    os.mkfifo(posts.path)
    daemon = redis_site.once()
    assert daemon.status == 1 and daemon.complaints("not a regular file")


def test_a_recording_dated_from_now(redis_site):
    """rebase: now moves all times so that the newest is now; a restart goes on with the same shift."""
    posts = Posts(redis_site, rebase="now")
    for n in range(5):
        posts.append(line(n, created_at=f"2024-03-01T12:00:0{n}Z"))
    assert redis_site.once().status == 0
    stored = [redis_site.mention(f"net:{n}") for n in range(5)]
    times = [m["created_at"] for m in stored]
    assert [b - a for a, b in zip(times, times[1:])] == [1000] * 4
    assert 0 <= stored[4]["fetched_at"] - times[4] < 5000 * SCALE
    posts.append(line(5, created_at="2024-03-01T12:00:05Z"))
    assert redis_site.once().status == 0
    assert redis_site.mention("net:5")["created_at"] - times[4] == 1000


# programs ------------------------------------------------------------------------------------------


class Program:
    def __init__(self, site, script, **more):
        self.site, self.path = site, site.folder / "program"
        self.write(script)
        site.configure([{"name": "program", "type": "exec", "argv": [str(self.path), "an argument"],
                         "network": "net", "interval": "1s", **more}])

    def write(self, script):
        new = self.path.with_suffix(".new")
        new.write_text("#!/bin/sh\n" + script)
        new.chmod(new.stat().st_mode | stat.S_IXUSR)
        new.rename(self.path)


def test_a_program_is_told_where_it_was(redis_site):
    """Its cursor comes back to it, also after a restart."""
    program = Program(redis_site, """
        n=$((${MENTIOND_CURSOR:-0} + 1))
        [ "$1" = "an argument" ] || exit 9
        echo '{"id":"'$n'","text":"acme is down","author":"u'$n'"}'
        echo '{"cursor":"'$n'"}'
    """)
    for _ in range(3):
        assert redis_site.once().status == 0
    redis_site.check_exactly({"net:1", "net:2", "net:3"})
    assert program.path.exists()


def test_a_program_that_fails(redis_site):
    program = Program(redis_site, """
        echo '{"id":"1","text":"acme is down","author":"u"}'
        echo 'starting' >&2
        echo 'no access to the ticket system' >&2
        exit 3
    """)
    daemon = redis_site.listen()
    assert "no access to the ticket system" in daemon.wait_log("poll failed.*exit status 3")
    assert not redis_site.mention_ids(), "what a failed program printed is not trusted"
    program.write("""echo '{"id":"1","text":"acme is down","author":"u"}'""")
    redis_site.wait_heard({"net:1"})
    daemon.wait_log("source works again")
    assert daemon.stop() == 0


def test_a_program_that_hangs(redis_site):
    """Ended after its time, with its children; the daemon meanwhile does everything else."""
    pids = redis_site.folder / "pids"
    program = Program(redis_site, f"echo $$ >> {pids}\nsleep 600 & echo $! >> {pids}\nwait\n", timeout="1s")
    daemon = redis_site.listen()
    daemon.wait_log("program failed.*took too long", 15)
    numbers = [int(x) for x in pids.read_text().split()]
    wait_for(lambda: not any(is_alive(pid) for pid in numbers), 5, "the program and its child to be gone")
    program.write("""echo '{"id":"1","text":"acme is down","author":"u"}'""")
    redis_site.wait_heard({"net:1"})
    assert daemon.stop() == 0


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_that_prints_without_end(redis_site):
    Program(redis_site, "exec yes 0123456789012345678901234567890123456789")
    daemon = redis_site.listen()
    daemon.wait_log("(program|poll) failed.*(more|large|bytes|much)", 20)
    assert daemon.stop() == 0


def test_a_program_that_is_not_there(redis_site):
    redis_site.configure([{"name": "program", "type": "exec", "argv": ["/no/such/program"]}])
    daemon = redis_site.once()
    assert daemon.status == 1
    assert daemon.complaints("/no/such/program|No such file|exit status 127")


def test_a_stop_ends_a_running_program(redis_site):
    pids = redis_site.folder / "pids"
    Program(redis_site, f"echo $$ >> {pids}\nexec sleep 600\n", timeout="60s")
    daemon = redis_site.listen()
    wait_for(lambda: pids.exists() and pids.read_text().strip(), 10, "the program to run")
    assert daemon.stop(30) == 0
    assert not is_alive(int(pids.read_text()))
