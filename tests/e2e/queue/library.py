"""The text of the library, joined from its parts as the build joins them."""
import pathlib

PARTS = pathlib.Path(__file__).resolve().parents[3] / "daemon" / "store" / "queue"


def library():
    return "".join(p.read_text() for p in sorted(PARTS.glob("[0-9]*.lua")))
