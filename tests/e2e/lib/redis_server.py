"""A private redis-server: unix socket only, append-only file, in a folder that outlives its crashes."""
import pathlib
import subprocess

from .resp import Redis, RedisError
from .waiting import wait_for


class RedisServer:
    def __init__(self, folder, *options):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / "r.sock"
        self.url = f"unix://{self.path}"
        self.options = options
        self.process = None

    def mend(self):
        """What docs/operations.md asks for after a crash: Redis 7.0 would replay half of a torn transaction later."""
        manifest = "appendonlydir/appendonly.aof.manifest"
        if (self.folder / manifest).exists():
            subprocess.run(["redis-check-aof", "--fix", manifest], cwd=self.folder, input="y\n", text=True,
                           check=True, capture_output=True)

    def start(self):
        self.mend()
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.path), "--dir", str(self.folder),
             "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
             "--logfile", str(self.folder / "redis.log"), *self.options],
            stdin=subprocess.DEVNULL)
        wait_for(self._answers, 20, "redis-server to answer")
        return self

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "redis.log").read_text()[-2000:]
        try:
            client = self.connect()
        except OSError:
            return False
        try:
            return client.call("PING") == "PONG"
        except (OSError, RedisError):  # LOADING
            return False
        finally:
            client.close()

    def connect(self):
        return Redis(self.path)

    def kill(self):
        """kill -9, as a crash would."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        self.path.unlink(missing_ok=True)

    def cut_log(self, n_bytes):
        """What a power cut takes away: the last bytes of the append-only file. Only of a dead server."""
        assert self.process is None
        logs = sorted((self.folder / "appendonlydir").glob("*.incr.aof"))
        size = logs[-1].stat().st_size
        with open(logs[-1], "r+b") as log:
            log.truncate(max(0, size - n_bytes))
