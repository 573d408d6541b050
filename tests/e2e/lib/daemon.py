"""mentiond as a process. Its log is read by a thread, so that a test wakes up with the line it waits for."""
import os
import re
import signal
import subprocess
import threading

from .waiting import BUILD, Deadline, SCALE

MENTIOND = str(BUILD / "daemon" / "mentiond")
MENTIONCTL = str(BUILD / "daemon" / "ctl" / "mentionctl")
SANITIZER = re.compile(r"ERROR: (?:Address|Leak)Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")


class Daemon:
    def __init__(self, *args, log_path, env=None, cwd=None, program=(MENTIOND,)):
        self.log_path = log_path
        self.lines = []
        self.news = threading.Condition()
        self.ended = False
        self.process = subprocess.Popen([*program, *map(str, args)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                                        env={**os.environ, **(env or {})})
        self.pid = self.process.pid
        self.output = []
        self.readers = [threading.Thread(target=self._read_log, daemon=True),
                        threading.Thread(target=self._read_output, daemon=True)]
        for reader in self.readers:
            reader.start()

    def _read_log(self):
        with open(self.log_path, "ab", buffering=0) as copy:
            for raw in self.process.stderr:
                copy.write(raw)
                with self.news:
                    self.lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                    self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def _read_output(self):
        for raw in self.process.stdout:
            self.output.append(raw.decode("utf-8", "replace").rstrip("\n"))

    # what it says --------------------------------------------------------------------------------

    def log_lines(self, pattern, since=0):
        with self.news:
            return [line for line in self.lines[since:] if re.search(pattern, line)]

    def complaints(self, pattern="", since=0):
        """Lines of the levels warn and error."""
        return [line for line in self.log_lines(r"^\S+ (warn|error) ", since) if re.search(pattern, line)]

    def mark(self):
        """A place in the log, for `since`."""
        with self.news:
            return len(self.lines)

    def wait_log(self, pattern, seconds=10, since=0):
        """The first line (from `since` on) that matches; fails if the daemon ends without it."""
        deadline = Deadline(seconds)
        with self.news:
            at = since
            while True:
                for line in self.lines[at:]:
                    if re.search(pattern, line):
                        return line
                at = max(since, len(self.lines))
                if self.ended or not self.news.wait(deadline.left()):
                    break
        raise AssertionError(f"no log line matched {pattern!r} within {seconds * SCALE:.0f} s; the last were:\n"
                             + "\n".join(self.lines[-15:]))

    # how it ends ---------------------------------------------------------------------------------

    def send_signal(self, number):
        self.process.send_signal(number)

    def is_running(self):
        return self.process.poll() is None

    def wait(self, seconds=20):
        """Its exit status. A sanitizer's report is a failure whatever the status."""
        status = self.process.wait(seconds * SCALE)
        for reader in self.readers:
            reader.join(10)
        self.check_sanitizers()
        return status

    def stop(self, seconds=20):
        if self.is_running():
            self.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        """kill -9."""
        if self.is_running():
            self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join(10)
        self.check_sanitizers()

    def check_sanitizers(self):
        bad = [i for i, line in enumerate(self.lines) if SANITIZER.search(line)]
        assert not bad, "\n".join(self.lines[bad[0]:bad[0] + 40])
