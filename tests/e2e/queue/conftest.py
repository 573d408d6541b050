import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from brand import Brand  # noqa: E402
from redisserver import Server  # noqa: E402


@pytest.fixture(scope="session")
def server():
    one = Server()
    yield one
    one.stop()


@pytest.fixture
def client(server):
    one = server.connect()
    yield one
    one.close()


@pytest.fixture
def brand(client):
    return Brand(client)


@pytest.fixture
def make_brand(client):
    return lambda **settings: Brand(client, **settings)
