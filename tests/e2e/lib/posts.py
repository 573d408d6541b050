"""Posts that the tests make up, and a small rule pack under which nobody can doubt their class.

The shipped packs get better over time; what these tests count must not depend on them.
"""
import time

RULES = """\
pack: test/plain
lang: en
rules:
  - id: outage.down
    class: outage
    score: 3
    phrases: ["is down"]
  - id: complaint.terrible
    class: complaint
    score: 3
    phrases: ["terrible"]
  - id: praise.love
    class: praise
    score: 3
    phrases: ["love"]
"""

TEXTS = {
    "outage": "acme is down again, number {n}",
    "complaint": "the service at acme is terrible, number {n}",
    "praise": "I love what acme did here, number {n}",
    "none": "reading about acme on the train, number {n}",
}
CLASSES = list(TEXTS)


def class_of(n):
    return CLASSES[n % len(CLASSES)]


def text_of(n):
    return TEXTS[class_of(n)].format(n=n)


def now_ms():
    return int(time.time() * 1000)


def iso(ms, fraction=True):
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms / 1000))
    return f"{whole}.{ms % 1000:03d}Z" if fraction else whole + "Z"
