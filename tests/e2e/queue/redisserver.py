"""One private redis-server in a directory of its own that forgets everything, with the queue's library."""
import shutil
import tempfile

from lib.redis_server import RedisServer
from library import library


class Server(RedisServer):
    def __init__(self, *options):
        super().__init__(tempfile.mkdtemp(prefix="mq"), "--appendonly", "no", *options)
        try:
            self.client = self.start().connect()
            self.client.call("FUNCTION", "LOAD", "REPLACE", library())
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
