"""What is wrong with a configuration or a rule pack is said all at once, with line and column. A wrong one
never takes the place of a right one that is running, and no mention is judged by half a set."""
import json
import re
import signal

from lib.mastodon import Mastodon, status, uri_of
from lib.posts import RULES
from lib.waiting import wait_for

WRONG_CONFIG = """\
redis:
  namespce: mentiond
log: { level: loud }
brands:
  acme:
    terms: [acme]
    time_zone: Mars/Olympus
    rules: [rules.yaml]
    sources:
      - { name: tags, type: mastodon, instance: "https://m.example", hashtags: [a], interval: 5s }
      - { name: tags2, type: mastodn, instance: "https://m.example", hashtags: [a] }
"""
WRONG_CONFIG_PLACES = {  # line:column and a word that must be in the message
    (2, 3): "namespace", (3, 15): "error, warn, info, debug", (7, 16): "Mars/Olympus", (10, 95): "10s",
    (11, 30): "mastodon"}

WRONG_RULES = """\
pack: test/wrong
lang: en
rules:
  - id: one
    class: outtage
    phrases: ["is down"]
  - id: two
    class: complaint
    regex: "terrible("
  - id: one
    class: praise
    phrases: ["love"]
  - id: four
    class: outage
    phrases: ["{nothing} is down"]
  - id: five
    class: outage
    scor: 3
    phrases: ["broken"]
"""
WRONG_RULES_PLACES = {(5, 12): "outage", (9, 22): "parenthesis", (10, 9): "one", (15, 15): "nothing", (18, 5): "score"}


def places(text, name):
    """(line, column) -> message, of each error in that file."""
    found = re.findall(rf"^.*{re.escape(name)}:(\d+):(\d+): (.*)$", text, re.M)
    return {(int(line), int(column)): message for line, column, message in found}


def check(site, config, file_name, wanted):
    (site.folder / "config.yaml").write_text(config)
    done = site.mentiond("--check", "--config", site.folder / "config.yaml")
    assert done.returncode == 2, done.stderr
    found = places(done.stderr, file_name)
    assert set(found) == set(wanted), done.stderr
    for place, word in wanted.items():
        assert word in found[place], found[place]
    assert done.stdout == ""
    return done.stderr


def test_five_mistakes_in_the_config(site):
    said = check(site, WRONG_CONFIG, "config.yaml", WRONG_CONFIG_PLACES)
    assert said.count("^") >= 5, "each is shown"
    assert re.search(r"\b5 errors\b", said)


def test_five_mistakes_in_a_rule_pack(site):
    (site.folder / "rules.yaml").write_text(WRONG_RULES)
    good = json.dumps({"brands": {"acme": {"terms": ["acme"], "rules": ["rules.yaml"]}}})
    check(site, good, "rules.yaml", WRONG_RULES_PLACES)


def test_mistakes_in_both_are_said_in_one_run(site):
    (site.folder / "rules.yaml").write_text(WRONG_RULES)
    (site.folder / "config.yaml").write_text(WRONG_CONFIG)
    done = site.mentiond("--check", "--config", site.folder / "config.yaml")
    assert set(places(done.stderr, "config.yaml")) == set(WRONG_CONFIG_PLACES)
    assert set(places(done.stderr, "rules.yaml")) == set(WRONG_RULES_PLACES)


def test_a_start_finds_what_check_finds(site):
    """--check uses the code path of the start: the same words, the same status."""
    (site.folder / "config.yaml").write_text(WRONG_CONFIG)
    checked = site.mentiond("--check", "--config", site.folder / "config.yaml")
    started = site.mentiond("--config", site.folder / "config.yaml")
    assert (started.returncode, started.stderr) == (2, checked.stderr)
    assert not (site.folder / "state").exists()


def test_failed_rule_tests_are_errors_of_check(site):
    """A pack whose own tests fail: --check refuses it and points at the test."""
    (site.folder / "rules.yaml").write_text(RULES + '    tests:\n      match: ["I hate what acme did"]\n')
    site.configure()
    done = site.mentiond("--check", "--config", site.folder / "config.yaml")
    assert done.returncode == 2
    assert list(places(done.stderr, "rules.yaml")) == [(17, 15)], done.stderr


def test_check_of_what_is_right(site):
    site.configure()
    done = site.mentiond("--check", "--config", site.folder / "config.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"ok: 1 brand, 0 sources, 3 rules", done.stdout)


def test_check_notes_what_is_run_on_every_post(site):
    """Rules of which no part must be in a post are told by --check, and named by lint."""
    (site.folder / "rules.yaml").write_text(RULES + '    regex: ["\\\\d+", "down \\\\d"]\n')
    site.configure()
    done = site.mentiond("--check", "--config", site.folder / "config.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"note: 1 of the rules' phrases and regexes is run on every post; 'mentionctl rules lint'",
                     done.stdout)


def test_no_configuration_names_the_places_looked_at(site):
    done = site.mentiond("--check", env={"MENTIOND_CONFIG": ""})
    assert done.returncode == 2
    assert "./config.yaml" in done.stderr and "/etc/mentiond/config.yaml" in done.stderr


# reloading -----------------------------------------------------------------------------------------


def test_a_wrong_reload_keeps_the_old(redis_site):
    network = redis_site.add(Mastodon([status(1)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids())
    right = (redis_site.folder / "config.yaml").read_text()
    for name, wrong in (("config.yaml", WRONG_CONFIG), ("rules.yaml", WRONG_RULES)):
        (redis_site.folder / "config.yaml").write_text(right)
        (redis_site.folder / "rules.yaml").write_text(RULES)
        mark = daemon.mark()
        (redis_site.folder / name).write_text(wrong)
        daemon.send_signal(signal.SIGHUP)
        daemon.wait_log("not reloaded, going on with the old one.*errors=5", since=mark)
        assert len(places("\n".join(daemon.lines[mark:]), name)) == 5
    (redis_site.folder / "config.yaml").write_text(right)
    (redis_site.folder / "rules.yaml").write_text(RULES)
    network.post(status(4))
    daemon.send_signal(signal.SIGHUP)
    redis_site.wait_heard(network.ids())
    assert redis_site.mention(uri_of(status(4)))["class"] == "outage"
    assert daemon.stop() == 0


def test_new_rules_change_verdicts(redis_site):
    network = redis_site.add(Mastodon([status(1, "acme is purple today")]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    redis_site.wait_heard(network.ids())
    (redis_site.folder / "rules.yaml").write_text(RULES.replace('"is down"', '"is purple"'))
    network.post(status(2, "acme is purple today"))
    daemon.send_signal(signal.SIGHUP)
    daemon.wait_log("configuration and rules reloaded")
    redis_site.wait_heard(network.ids())
    assert [redis_site.mention(uri_of(status(n)))["class"] for n in (1, 2)] == ["none", "outage"]
    assert daemon.stop() == 0


def test_a_source_that_is_new_after_a_reload_is_polled(redis_site):
    first, second = redis_site.add(Mastodon([status(1)])), redis_site.add(Mastodon([status(2)]))
    redis_site.configure([first.source()])
    daemon = redis_site.listen()
    redis_site.wait_heard(first.ids())
    redis_site.configure([second.source("other")])
    daemon.send_signal(signal.SIGHUP)
    redis_site.wait_heard(second.ids())
    asked = len(first.web.requests)
    first.post(status(3))
    daemon.send_signal(signal.SIGHUP)
    daemon.wait_log("configuration and rules reloaded", since=daemon.mark())
    assert len(first.web.requests) == asked, "a removed source is not asked any more"
    assert daemon.stop() == 0


def test_reloads_right_after_the_start_cost_no_lease(redis_site):
    """A reload while the lease is being asked for: the answer belongs to the same daemon, so nobody waits 15 s."""
    network = redis_site.add(Mastodon([status(1)]))
    redis_site.configure([network.source()])
    daemon = redis_site.listen()
    for _ in range(5):
        mark = daemon.mark()
        daemon.send_signal(signal.SIGHUP)
        daemon.wait_log("configuration and rules reloaded", since=mark)
    redis_site.wait_heard(network.ids(), 8)
    assert daemon.stop() == 0


def test_nothing_is_judged_by_half_a_set(redis_site):
    """Two rules that always change together, reloaded over and over while posts come in: each verdict is the
    work of one set, old or new, never of both."""
    def rules(word):
        return (f"pack: test/{word}\nlang: en\nrules:\n"
                + "".join(f"  - {{id: r{i}, class: outage, score: 1, phrases: [\"word{i}\"]}}\n" for i in range(20))
                .replace("id: r", f"id: {word}"))

    text = "acme " + " ".join(f"word{i}" for i in range(20))
    path = redis_site.folder / "posts.jsonl"
    path.write_text("")
    (redis_site.folder / "rules.yaml").write_text(rules("a"))
    redis_site.configure([{"name": "posts", "type": "file", "path": "posts.jsonl", "interval": "100ms"}])
    daemon = redis_site.listen()
    n = 0
    for word in "babababab":
        with path.open("a") as posts:
            for n in range(n, n + 300):
                posts.write(json.dumps({"id": n, "text": text, "author": f"u{n}"}) + "\n")
            n += 1
        swap = redis_site.folder / "rules.new"
        swap.write_text(rules(word))
        swap.rename(redis_site.folder / "rules.yaml")
        mark = daemon.mark()
        daemon.send_signal(signal.SIGHUP)
        daemon.wait_log("configuration and rules reloaded", since=mark)
        wait_for(lambda: len(redis_site.mention_ids()) == n, 20, f"{n} mentions")
    assert daemon.stop() == 0
    seen = set()
    for mention_id in redis_site.mention_ids():
        hits = redis_site.mention(mention_id)["hits"]
        packs = {hit["rule"].split("/")[1] for hit in hits}
        assert len(hits) == 20 and len(packs) == 1, hits
        seen |= packs
    assert seen == {"a", "b"}
