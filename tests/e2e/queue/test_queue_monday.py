"""Monday morning: 62 hours of backlog, one claim a minute, then an outage begins."""
import random
import statistics

from brand import DAY, HOUR, MINUTE, T0, entry


def test_outage_reports_do_not_wait_behind_the_weekend(make_brand):
    brand = make_brand(agents={}, max_claims=1000, lease_ms=2 * DAY)
    rng = random.Random(1)
    monday = T0 + 62 * HOUR
    backlog = []
    for i in range(1200):
        at = T0 + rng.randrange(62 * HOUR)
        cls = rng.choices(["complaint", "praise", "outage"], [50, 48, 2])[0]
        backlog.append((at, entry(f"w{i}", created_at=at, **{"class": cls})))
    backlog.sort(key=lambda x: x[0])
    for at in range(0, len(backlog), 50):
        part = backlog[at:at + 50]
        brand.now = max(brand.now, part[-1][0])
        brand.ingest(*[e for _, e in part])
    brand.now = monday
    brand.settle()
    born, waits = {}, []
    for minute in range(120):
        brand.now = monday + minute * MINUTE
        if minute >= 30 and minute % 3 == 0:
            name = f"o{minute}"
            brand.ingest(entry(name, created_at=brand.now, **{"class": "outage"}))
            born[f"net:{name}"] = brand.now
        got = brand.claim(f"agent{minute % 5}")
        brand.act("resolve", f"agent{minute % 5}", id=got["id"], outcome="answered")
        if got["id"] in born:
            waits.append(brand.now - born.pop(got["id"]))
    waits += [brand.now - at for at in born.values()]
    assert statistics.median(waits) <= 5 * MINUTE, waits
