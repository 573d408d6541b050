"""Which mention is next."""
import random

from brand import HOUR, MINUTE, T0, entry


def order(brand, n, agent="alice", **fields):
    got = []
    for _ in range(n):
        one = brand.claim_id(agent, **fields)
        if one is None:
            break
        got.append(one)
        brand.act("resolve", agent, id=f"net:{one}", outcome="answered")
    return got


def hear(brand, *rows):
    brand.ingest(*[entry(name, created_at=brand.now - age, **{"class": cls})
                   for name, cls, age in rows])


def test_by_due_time_while_there_is_time(brand):
    hear(brand, ("p", "praise", 0), ("c1", "complaint", 0), ("c2", "complaint", 60_000))
    assert order(brand, 4) == ["c2", "c1", "p"]


def test_pressing_ones_by_class(brand):
    hear(brand, ("c", "complaint", 14 * MINUTE), ("p", "praise", 4 * HOUR - 1), ("o", "outage", 3 * MINUTE))
    assert order(brand, 3) == ["o", "c", "p"]


def test_what_is_not_pressing_waits_for_what_is(brand):
    hear(brand, ("o", "outage", 0), ("c", "complaint", 8 * MINUTE))
    assert order(brand, 2) == ["c", "o"]


def test_every_fourth_claim_takes_the_oldest(brand):
    hear(brand, *[(f"o{i}", "outage", 4 * MINUTE) for i in range(6)],
         *[(f"p{i}", "praise", 4 * HOUR - i) for i in range(2)])
    brand.now += MINUTE
    assert order(brand, 8) == ["o0", "o1", "o2", "p0", "o3", "o4", "o5", "p1"]


def test_none_comes_last(brand):
    brand.ingest(entry("n", addressed=1, created_at=T0 - HOUR, **{"class": "none"}),
                 entry("p", created_at=T0, **{"class": "praise"}))
    assert order(brand, 2) == ["p", "n"]


def test_own_follow_ups_are_five_minutes_ahead(brand):
    brand.ingest(entry("a", author="u", **{"class": "praise"}))
    brand.claim("alice")
    brand.act("resolve", id="net:a", outcome="answered")
    brand.ingest(entry("x"), entry("y", created_at=T0 - 6 * MINUTE),
                 entry("b", in_reply_to="a", author="u"))
    assert order(brand, 3) == ["y", "b", "x"]


def test_equal_due_times_by_arrival(brand):
    brand.hear(*[f"m{i}" for i in range(20)])
    assert order(brand, 20) == [f"m{i}" for i in range(20)]


def test_filters(brand):
    brand.ingest(entry("a", lang="de"), entry("b", **{"class": "praise"}),
                 entry("c", id="web:c", network="web"), entry("d", lang="xx"))
    assert order(brand, 9, langs=["de"]) == ["a"]
    assert order(brand, 9, classes=["praise", "outage"]) == ["b"]
    assert brand.claim(networks=["web"])["id"] == "web:c"
    assert order(brand, 9, langs=["de", "other"]) == ["d"]
    assert order(brand, 9) == []


def test_a_filter_that_fits_something_is_never_answered_empty(brand):
    langs = ["en", "de", "other"]
    rows = [entry(f"m{i}", lang=langs[i % 3], created_at=T0 - i,
                  **{"class": ["outage", "complaint", "praise"][i // 3 % 3]}) for i in range(90)]
    brand.ingest(*rows)
    for i in range(90):
        row = rows[(i * 37) % 90]
        got = brand.claim(langs=[row["lang"]], classes=[row["class"]], req=f"r{i}")
        assert got is not None, row
        brand.act("dismiss", id=got["id"])
    assert brand.claim() is None
    assert brand.stats()["lanes"] == []


def test_a_named_filter_finds_what_looking_at_each_would(brand):
    chance = random.Random(7)
    choices = {"classes": ["outage", "complaint", "praise"], "langs": ["en", "de", "other"],
               "networks": ["net", "web", "far", "none"]}
    waiting = {}
    for i in range(120):
        network, lang = chance.choice(choices["networks"][:3]), chance.choice(choices["langs"])
        one = entry(f"m{i}", id=f"{network}:m{i}", network=network, lang=lang, created_at=T0 - i,
                    **{"class": chance.choice(choices["classes"])})
        brand.ingest(one)
        waiting[one["id"]] = {"classes": one["class"], "langs": lang, "networks": network}
    while waiting:
        given = {name: chance.sample(of, chance.randint(1, len(of))) for name, of in choices.items()
                 if chance.random() < 0.6}
        fits = {id_ for id_, has in waiting.items() if all(has[name] in of for name, of in given.items())}
        got = brand.claim(**given)
        assert (got and got["id"] in fits) if fits else got is None, given
        if got:
            del waiting[got["id"]]
            brand.act("dismiss", id=got["id"])


def test_what_an_absent_owner_keeps_is_found_by_the_next_claim(brand):
    for i in range(40):
        brand.ingest(entry(f"a{i}", author=f"u{i}"))
    for i in range(40):
        got = brand.claim("alice")
        brand.act("resolve", id=got["id"], outcome="answered")
    brand.ingest(*[entry(f"b{i}", in_reply_to=f"a{i}", author=f"u{i}") for i in range(40)])
    assert brand.claim("bob") is None
    brand.now += 20 * MINUTE
    assert len(set(order(brand, 99, "bob"))) == 40


def test_expired_claims_are_found_by_the_next_claim(make_brand):
    brand = make_brand(max_claims=100)
    brand.hear(*[f"m{i}" for i in range(50)])
    for _ in range(50):
        brand.claim("alice")
    assert brand.claim("bob") is None
    brand.now += 15 * MINUTE
    assert len(set(order(brand, 99, "bob"))) == 50


def test_a_filter_finds_what_is_far_back_in_the_own_set(brand):
    brand.hear("root", conversation="k", author="jo")
    brand.claim("alice")
    for at in range(0, 300, 100):
        brand.ingest(*[entry(f"a{at + i}", conversation="k", author="jo", created_at=brand.now)
                       for i in range(100)])
    brand.hear("last", conversation="k", author="jo", lang="de")
    assert brand.client.call("ZCARD", brand.key + ":own:alice") == 301
    assert brand.claim_id("alice", langs=["de"]) == "last"
