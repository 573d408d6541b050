"""A private Redis; the queue library in it is loaded by mentionctl itself."""
import pytest
from ctltool import PACK, Ctl, Queue, Redis, find_mentionctl, write_config
from lib.redis_server import RedisServer


@pytest.fixture
def ctl(tmp_path):
    (tmp_path / 'rules' / 'en').mkdir(parents=True)
    (tmp_path / 'rules' / 'en' / 'test.yaml').write_text(PACK)
    write_config(tmp_path, f'unix://{tmp_path}/redis.sock')
    return Ctl(tmp_path, find_mentionctl())


@pytest.fixture(scope='session')
def redis_server(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp('redis'), '--appendonly', 'no').start()
    yield str(server.path)
    server.kill()


@pytest.fixture
def redis(redis_server):
    client = Redis(redis_server)
    client('FLUSHALL')
    client('FUNCTION', 'FLUSH')
    return client


@pytest.fixture
def queue(redis, ctl):
    """The library loaded (by mentionctl), the brand configured, nothing heard."""
    write_config(ctl.folder, f'unix://{redis.path}')
    done = ctl('queue')
    assert done.returncode == 1 and "does not know brand 'acme'" in done.stderr, done.stderr
    q = Queue(redis)
    q.configure()
    return q
