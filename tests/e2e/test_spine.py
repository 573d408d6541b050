"""The whole story with the shipped configuration, rules and demo stream: hear, judge, queue, claim, resolve; by
mentionctl, and by redis-cli from outside."""
import json
import shutil
import time

import pytest

from lib.site import BRAND, Site
from lib.waiting import ROOT, SCALE, wait_for

NO_NETWORK = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def spine():
    """A daemon on the shipped config.yaml, its state elsewhere, and no way out to the networks."""
    site = Site()
    shutil.copy(ROOT / "config.yaml", site.folder)
    (site.folder / "docs").symlink_to(ROOT / "docs")
    (site.folder / "rules").symlink_to(ROOT / "rules")
    site.env.update(NO_NETWORK)
    try:
        begun = time.monotonic()
        site.daemon = site.listen()
        socket_path = wait_for(lambda: next((site.folder / "state").rglob("*.sock"), None), 10, "a Redis of its own")
        site.socket = socket_path
        wait_for(lambda: {"outage", "complaint", "praise"} <= set(waiting(site)), 10, "all three classes to wait")
        site.took = time.monotonic() - begun
        yield site
        assert site.daemon.stop() == 0
    finally:
        site.close()


def waiting(site):
    done = site.ctl("queue", "--json")
    if done.returncode:
        return {}
    return {name: c["waiting"] for name, c in json.loads(done.stdout)["waiting"].items() if c["waiting"]}


def redis_cli(site, function, **given):
    """As anybody would from a shell, with the single key that needs no second."""
    done = site.run("redis-cli", "-s", site.socket, "FCALL", function, 1, BRAND, json.dumps(given))
    return done.stdout.strip()


def claim(site, agent, *more):
    done = site.ctl("--as", agent, "claim", "--json", *more)
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None


def test_something_of_each_class_within_ten_seconds(spine):
    assert spine.took < 10 * SCALE


def test_the_daemon_says_which_rules_there_are_and_which_fired(spine):
    def names(key):
        done = spine.run("redis-cli", "-s", spine.socket, "ZRANGE", f"mentiond:{{@ops}}:rules:{key}", 0, -1)
        return set(done.stdout.split("\n")) - {""}

    fired = wait_for(lambda: names("fired"), 10, "rules that fired")
    assert fired < names("known") and any("outage/" in name for name in fired)


def test_claim_gives_the_most_urgent_outage_with_its_hits(spine):
    code, claimed = claim(spine, "alice")
    assert code == 0
    mention = claimed["mention"]
    assert mention["class"] == "outage"
    assert mention["hits"] and all(h["rule"] and h["end"] > h["start"] for h in mention["hits"])
    text = mention["text"].encode()
    assert all(text[h["start"]:h["end"]].decode().strip() for h in mention["hits"]), "offsets are into the text"
    spine.claimed = claimed

    shown = spine.ctl("--as", "alice", "show")
    assert shown.returncode == 0 and mention["hits"][0]["rule"] in shown.stdout


def test_a_second_agent_is_refused_the_same_conversation(spine):
    claimed = spine.claimed
    code, refusal = claim(spine, "bob", claimed["id"])
    assert code == 4 and refusal["word"] == "HELD" and "by=alice" in refusal["error"]
    assert "HELD by=alice" in redis_cli(spine, "mention_claim", agent="bob", id=claimed["id"])
    code, other = claim(spine, "bob")
    assert code == 0 and other["case"] != claimed["case"]
    assert spine.ctl("--as", "bob", "release").returncode == 0


def test_resolve_ends_it(spine):
    done = spine.ctl("--as", "alice", "resolve", "--outcome", "fixed", "--cause", "router", "--note", "restarted")
    assert done.returncode == 0, done.stderr
    got = json.loads(redis_cli(spine, "mention_get", id=spine.claimed["id"]))
    assert (got["state"], got["outcome"], got["cause"]) == ("resolved", "fixed", "router")
    code, refusal = claim(spine, "bob", spine.claimed["id"])
    assert code != 0 and refusal["word"] == "BADSTATE"


def test_redis_cli_does_the_same_from_outside(spine):
    claimed = json.loads(redis_cli(spine, "mention_claim", agent="carol", classes=["complaint"]))
    assert claimed["mention"]["class"] == "complaint"
    code, refusal = claim(spine, "bob", claimed["id"])
    assert code == 4 and "by=carol" in refusal["error"]
    assert json.loads(redis_cli(spine, "mention_resolve", agent="carol", id=claimed["id"], outcome="answered",
                                reply_url="https://social.example/1"))
    done = spine.ctl("show", claimed["id"], "--json")
    assert json.loads(done.stdout)["state"] == "resolved"


def test_everything_is_in_the_events(spine):
    events = spine.run("redis-cli", "-s", spine.socket, "XRANGE", BRAND + ":events", "-", "+").stdout.splitlines()
    for kind in ("mention.heard", "claimed", "released", "resolved"):
        assert kind in events, kind
    assert events.count("resolved") >= 2


def listed(answer):
    return answer["sources"] if "sources" in answer else [{**v, "source": k.split("/")[-1]} for k, v in answer.items()]


def test_sources_without_a_network_back_off(spine):
    """The live sources of the shipped configuration fail politely: one line each, and the demo goes on."""
    for source in ("tags", "hn"):
        spine.daemon.wait_log(rf"poll failed, trying again .*source={source}\b", 15)
        assert len(spine.daemon.complaints(rf"source={source}\b")) <= 3
    done = spine.ctl("sources", "--json")
    assert done.returncode == 0
    health = {s["source"]: s for s in listed(json.loads(done.stdout))}
    assert health["demo"]["state"] == "ok" and health["tags"]["state"] == "failing"
    assert health["tags"]["error"]


def test_a_restart_repeats_nothing(spine):
    def heard():
        done = spine.run("redis-cli", "-s", spine.socket, "HGET", BRAND + ":counts", "new")
        return int(done.stdout)

    before = heard()
    assert spine.daemon.stop() == 0
    spine.daemon = spine.listen()
    wait_for(lambda: waiting(spine), 10, "the queue to be there again")
    spine.daemon.wait_log(r"poll failed, trying again .*source=hn\b", 15)
    assert heard() == before
