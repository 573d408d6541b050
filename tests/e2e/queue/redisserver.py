"""One private redis-server on a unix socket in a directory of its own."""
import pathlib
import shutil
import subprocess
import tempfile
import time

from library import library
from resp import Client


class Server:
    def __init__(self, *options):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mq"))
        self.path = str(self.dir / "redis.sock")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--dir", str(self.dir),
             "--save", "", "--logfile", str(self.dir / "log"), *options])
        try:
            self.client = self.connect_when_up()
            self.client.call("FUNCTION", "LOAD", "REPLACE", library())
        except BaseException:
            self.stop()
            raise

    def connect_when_up(self):
        give_up = time.monotonic() + 10
        while True:
            try:
                client = Client(self.path)
                client.call("PING")
                return client
            except OSError:
                if time.monotonic() > give_up or self.process.poll() is not None:
                    raise
                time.sleep(0.01)

    def connect(self):
        return Client(self.path)

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
