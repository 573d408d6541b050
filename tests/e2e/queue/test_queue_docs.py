"""The examples of docs/queue.md are what Redis answers.

    test_queue_docs.py --write    puts the answers in (read the difference before you believe it)
"""
import pathlib
import re
import shlex
import sys

sys.path[:0] = [str(p) for p in pathlib.Path(__file__).resolve().parents[:2]]

from lib.resp import RedisError  # noqa: E402
from redisserver import Server  # noqa: E402

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "queue.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.S)


def answer(client, line):
    """One `$ redis-cli …` line's answer as redis-cli shows it."""
    words = shlex.split(line[2:])
    assert words[0] == "redis-cli"
    try:
        reply = client.call(*words[1:])
    except RedisError as e:
        return f"(error) {e.text}"
    return "(nil)" if reply is None else reply.decode() if isinstance(reply, bytes) else str(reply)


def played(client, page):
    """The page with the answers as they are."""
    def play(block):
        out = []
        for line in block.group(1).splitlines():
            if line.startswith("$ "):
                out += [line, answer(client, line)]
        return "```console\n" + "\n".join(out) + "\n```"
    return BLOCK.sub(play, page)


def test_examples():
    server = Server()
    try:
        page = PAGE.read_text()
        assert played(server.client, page).splitlines() == page.splitlines()
    finally:
        server.stop()


if __name__ == "__main__" and "--write" in sys.argv:
    one = Server()
    try:
        PAGE.write_text(played(one.client, PAGE.read_text()))
    finally:
        one.stop()
