"""How right the shipped packs are on labelled posts, beside what they should reach: run by tests/accuracy.sh.

Each file of the corpora is judged by `mentionctl rules classify --rules rules`, thresholds as shipped. The
figures are those of the corpora's own scorer: F1 by class from all rows with a label, macro-F1 the mean over
the classes that the file labels. Files without the label outage count an outage as a complaint, and
complaints.jsonl, which knows only complaints, counts praise as none.

"Praised complaints": of the rows labelled complaint in support and airline that hold a word of praise
(PRAISE_WORD below), the share judged praise; a list of words calls every second of them praise."""

import collections
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORPORA = os.environ.get("MENTIOND_CORPORA", os.path.join(os.path.dirname(ROOT), "shared", "corpora"))

OUTAGE_IS_COMPLAINT = {"outage": "complaint"}
BINARY = {"outage": "complaint", "praise": "none"}
MERGED = collections.defaultdict(lambda: OUTAGE_IS_COMPLAINT, support={}, complaints=BINARY)
NATURAL = {"twcs-nat", "ukm-nat", "pow-nat"}
PRAISE_WORD = re.compile(
    r"\b(thanks?|thank you|thx|cheers|love\w*|great\w*|good|best|awesome|amazing|nice\w*|happy|appreciate\w*|"
    r"excellent|perfect\w*|wonderful|fantastic|brilliant|cool|glad|impress\w*|helpful|well done|kudos|congrat\w*|"
    r"enjoy\w*|fun|wow)\b|:\)|😊|👍|❤", re.IGNORECASE)

# What is measured, target, stretch, and what a list of 71 phrases and a learned model (logistic regression on
# n-grams, taught with half of the rows) reach.
TABLE = [
    ("support: macro-F1", ("support", "macro"), .62, .66, ".38 / .57"),
    ("support: outage F1", ("support", "outage", "f1"), .75, .80, ".50 / .63"),
    ("support: outage precision", ("support", "outage", "p"), .65, None, ""),
    ("support: outage recall", ("support", "outage", "r"), .65, None, ""),
    ("support, natural strata: outage precision", ("natural", "outage", "p"), .62, .70, ".32 / .46"),
    ("support, natural strata: outage recall", ("natural", "outage", "r"), .65, .68, ".48 / .58"),
    ("airline: macro-F1", ("airline", "macro"), .66, .70, ".52 / .73"),
    ("airline: complaint F1", ("airline", "complaint", "f1"), .80, .85, ".53 / .86"),
    ("complaints: macro-F1", ("complaints", "macro"), .75, .77, ".60 / .76"),
    ("sent140: macro-F1", ("sent140", "macro"), .66, .73, ".48"),
    ("brands: macro-F1", ("brands", "macro"), .46, .50, ".40"),
    ("praised complaints (at most)", ("praised",), .20, .12, ".47"),
    ("germeval17_de: macro-F1", ("germeval17_de", "macro"), .50, .54, ""),
    ("umsab_es: macro-F1", ("umsab_es", "macro"), .48, .52, ""),
    ("umsab_fr: macro-F1", ("umsab_fr", "macro"), .48, .52, ""),
    ("umsab_pt: macro-F1", ("umsab_pt", "macro"), .48, .52, ""),
    ("umsab_it: macro-F1", ("umsab_it", "macro"), .48, .52, ""),
]


def read_rows(name):
    with open(os.path.join(CORPORA, name + ".jsonl"), encoding="utf-8") as rows:
        return [row for row in map(json.loads, rows) if row.get("label")]


def classify(program, name, rules="rules"):
    """Verdicts by id."""
    with open(os.path.join(CORPORA, name + ".jsonl"), "rb") as rows:
        done = subprocess.run([program, "rules", "classify", "--rules", os.path.join(ROOT, rules)],
                              stdin=rows, stdout=subprocess.PIPE, timeout=300, check=True)
    return {v["id"]: v["label"] for v in map(json.loads, done.stdout.splitlines())}


def score(rows, verdicts, merged):
    """{class: {p, r, f1}, "macro": mean F1} over the classes that the rows are labelled with."""
    gold = [merged.get(row["label"], row["label"]) for row in rows]
    said = [verdicts.get(row["id"]) or "none" for row in rows]
    pairs = collections.Counter(zip(gold, (merged.get(label, label) for label in said)))
    result = {}
    for label in sorted(set(gold)):
        hit = pairs[label, label]
        claimed = sum(n for (_, p), n in pairs.items() if p == label)
        real = sum(n for (g, _), n in pairs.items() if g == label)
        result[label] = {"p": hit / claimed if claimed else 0.0, "r": hit / real,
                         "f1": 2 * hit / (claimed + real)}
    result["macro"] = sum(figures["f1"] for figures in result.values()) / len(result)
    return result


def measure(program):
    names = sorted({row[1][0] for row in TABLE} - {"natural", "praised"})
    rows = {name: read_rows(name) for name in names}
    verdicts = {name: classify(program, name) for name in names}
    figures = {name: score(rows[name], verdicts[name], MERGED[name]) for name in names}
    natural = [row for row in rows["support"] if row.get("stratum") in NATURAL]
    figures["natural"] = score(natural, verdicts["support"], {})
    kind = [verdicts[name][row["id"]] == "praise" for name in ("support", "airline") for row in rows[name]
            if row["label"] == "complaint" and PRAISE_WORD.search(row["text"])]
    figures["praised"] = sum(kind) / len(kind)
    return figures


def show(figures):
    print("%-44s %8s %6s %7s  %-11s" % ("", "measured", "target", "stretch", "list / LR"))
    missed = []
    for what, path, target, stretch, others in TABLE:
        value = figures
        for key in path:
            value = value[key]
        better = (lambda limit: value <= limit) if path == ("praised",) else (lambda limit: value >= limit)
        verdict = "missed" if not better(target) else "stretch" if stretch and better(stretch) else "reached"
        if verdict == "missed":
            missed.append(what)
        print("%-44s %8.3f %6.2f %7s  %-11s %s" %
              (what, value, target, "%.2f" % stretch if stretch else "", others, verdict))
    print("%d of %d targets reached%s" % (len(TABLE) - len(missed), len(TABLE),
                                          "; missed: " + ", ".join(missed) if missed else ""))


if __name__ == "__main__":
    show(measure(sys.argv[1]))
