"""Fixtures of the end-to-end tests. The build under test is $MENTIOND_BUILD, else ./build."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from lib.site import Site  # noqa: E402


@pytest.fixture
def site():
    """A folder with rules; no Redis yet: a daemon here would start its own."""
    one = Site()
    yield one
    one.close()


@pytest.fixture
def redis_site(site):
    """The same with a Redis of its own that answers."""
    site.start_redis()
    return site
