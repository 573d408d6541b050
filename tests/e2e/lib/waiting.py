"""Waiting for conditions. No test sleeps for a fixed time; this module alone knows how long is too long.

Builds with sanitizers are slower: limits grow by SCALE, from $MENTIOND_TEST_SCALE, else by what the build was
configured with. What is counted stays the same.
"""
import json
import os
import pathlib
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("MENTIOND_BUILD", ROOT / "build")).resolve()


def _is_sanitized():
    try:
        options = json.loads((BUILD / "meson-info" / "intro-buildoptions.json").read_text())
    except (OSError, ValueError):
        return False
    return any(o["name"] == "b_sanitize" and o["value"] not in ("none", []) for o in options)


SCALE = float(os.environ.get("MENTIOND_TEST_SCALE", "3" if _is_sanitized() else "1"))
_never = threading.Event()


class Deadline:
    def __init__(self, seconds):
        self.ends = time.monotonic() + seconds * SCALE

    def left(self):
        return max(0.0, self.ends - time.monotonic())

    def over(self):
        return self.left() == 0


def wait_for(condition, seconds=10, what="a condition", every=0.02):
    """The first true value of `condition()`. Fails naming `what`, which may be a function."""
    deadline = Deadline(seconds)
    while True:
        value = condition()
        if value:
            return value
        if deadline.over():
            said = what() if callable(what) else what
            raise AssertionError(f"waited {seconds * SCALE:.0f} s in vain for {said}")
        _never.wait(min(every, deadline.left()))
