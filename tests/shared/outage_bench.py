#!/usr/bin/env python3
"""Measures rules and detector on simulated streams: see tests/outage.sh.

The configuration is written from the simulator's public lists only (brands, rivals, regions), as an
operator would write it. Seeds run one after the other; the last column is the mean."""
import argparse
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# row, path in the scorer's answer, target, whether more is better
ROWS = [
    ('recall of outages', 'recall', .92, True),
    ('delay from 3rd report, median min', 'delay_3rd_min.p50', 1.5, False),
    ('delay from 3rd report, p90 min', 'delay_3rd_min.p90', 12, False),
    ('false alarms per brand-month', 'false_per_brand_month', .5, False),
    ('B-cubed F1', 'bcubed.f1', .75, True),
    ('topic right', 'topic_accuracy', .95, True),
    ('region right', 'region_accuracy', .85, True),
    ('wrong region named', 'region_wrong', .06, False),
    ('both of two at once', 'twins_both', .55, True),
    ('all-clear, median min', 'all_clear_min.p50', 15, False),
    ('all-clear, p90 min', 'all_clear_min.p90', 35, False),
    ('all-clear too early', 'all_clear_min.premature', .20, False),
    ('problems', 'problems', 0, False),
]
SPIKE = [
    ('spike rule: recall', 'spike.recall', None, True),
    ('spike rule: delay, median min', 'spike.delay_3rd_min.p50', None, True),
    ('spike rule: false alarms', 'spike.false_per_brand_month', None, True),
]


def load_texts(sim):
    spec = importlib.util.spec_from_file_location('texts', sim / 'texts.py')
    texts = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(texts)
    return texts


def write_places(texts, country, path):
    taken, lines = set(), []
    for code in texts.COUNTRIES[country]:
        region = texts.REGIONS[code]
        names = []
        for name in region[3] + [alias for city in region[4] for alias in city.split('|')]:
            if name.lower() not in taken:
                taken.add(name.lower())
                names.append(name)
        lines.append(f'{json.dumps(code)}: {{ names: {json.dumps(names, ensure_ascii=False)} }}\n')
    path.write_text(''.join(lines), encoding='utf-8')


def write_config(texts, folder, rules):
    """config.yaml and places-<country>.yaml."""
    lines = ['brands:\n']
    for number, (name, handle, _, country) in enumerate(texts.BRANDS):
        rivals = [rival for rival in texts.RIVALS if rival.lower() != name.lower()]
        lines.append(f'  brand-{number}:\n'
                     f'    terms: {json.dumps(list(dict.fromkeys([name, handle, "@" + handle])), ensure_ascii=False)}\n'
                     f'    rivals: {json.dumps(rivals, ensure_ascii=False)}\n'
                     f'    places: places-{country}.yaml\n'
                     f'    rules: {json.dumps([str(path.resolve()) for path in rules])}\n'
                     '    sources: []\n')
    for country in texts.COUNTRIES:
        write_places(texts, country, folder / f'places-{country}.yaml')
    (folder / 'config.yaml').write_text(''.join(lines), encoding='utf-8')


def run(args, **more):
    return subprocess.run([str(a) for a in args], check=True, **more)


def simulate(options, folder):
    begun = time.monotonic()
    with open(folder / 'events.jsonl', 'wb') as out:
        run([options.mentionctl, 'outages', 'simulate', '--config', options.work / 'config.yaml',
             folder / 'stream.jsonl'], stdout=out)
    return time.monotonic() - begun


def score(options, folder, events):
    out = run([sys.executable, options.sim / 'score.py', folder, folder / events, '--json', '--verbose'],
              stdout=subprocess.PIPE).stdout
    result = json.loads(out)
    result['problems'] = sum(result['problems'].values())
    return result


def recognised(options, folder):
    """Of the reports of outages, by language, how many the rules take for one."""
    with open(folder / 'gold.jsonl', encoding='utf-8') as gold:
        wanted = {x['id'] for x in map(json.loads, gold) if x['class'] == 'outage'}
    langs, posts = [], []
    with open(folder / 'stream.jsonl', encoding='utf-8') as stream:
        for line in stream:
            post = json.loads(line)
            if post['id'] in wanted:
                langs.append(post['lang'])
                posts.append(json.dumps({k: post[k] for k in ('id', 'text', 'lang')}) + '\n')
    out = run([options.mentionctl, 'rules', 'classify', *[a for path in options.rules for a in ('--rules', path)]],
              input=''.join(posts), stdout=subprocess.PIPE, encoding='utf-8').stdout
    seen, hit = {}, {}
    for lang, line in zip(langs, out.splitlines()):
        seen[lang] = seen.get(lang, 0) + 1
        hit[lang] = hit.get(lang, 0) + (json.loads(line)['label'] == 'outage')
    return {lang: round(hit[lang] / seen[lang], 3) for lang in sorted(seen, key=seen.get, reverse=True)}


def spike(options, folder):
    run([sys.executable, options.sim / 'features.py', folder])
    run([sys.executable, options.sim / 'detect.py', folder, '--algo', 'spike', '--set', 'min=4',
         '--out', folder / 'spike.jsonl'])
    return score(options, folder, 'spike.jsonl')


def measure(options, seed):
    folder = options.work / f'{options.profile}-{seed}'
    if not (folder / 'stream.jsonl').exists():
        run([sys.executable, options.sim / 'simulate.py', '--profile', options.profile, '--seed', seed,
             '--out', folder], stdout=subprocess.DEVNULL)
    seconds = simulate(options, folder)
    result = score(options, folder, 'events.jsonl')
    result['recognised'] = recognised(options, folder)
    if options.spike:
        result['spike'] = spike(options, folder)
    print(f'{options.profile} {seed}: {seconds:.0f} s, {result["outages"]} outages, '
          f'{result["false_alarms"]} false alarms {result["false_kinds"]}, missed {result["missed"]}',
          file=sys.stderr)
    return result


def value_at(result, path):
    for key in path.split('.'):
        result = (result or {}).get(key)
    return result


def shown(value):
    return '-' if value is None else f'{value:.3g}'


def verdict(mean, target, more):
    if target is None or mean is None:
        return ''
    return 'ok' if (mean >= target if more else mean <= target) else 'MISSED'


def shares(results):
    """A row for each language of the streams, the most spoken first."""
    langs = dict.fromkeys(lang for result in results for lang in result['recognised'])
    return [(f'reports recognised, {lang}', f'recognised.{lang}', .85, True) for lang in langs]


def print_table(options, results):
    rows = ROWS + shares(results) + (SPIKE if options.spike else [])
    width = max(len(row[0]) for row in rows)
    seeds = ''.join(f'{seed[-9:]:>10}' for seed in options.seed)
    print(f'{"":{width}}{seeds}{"mean":>10}{"target":>10}')
    missed = 0
    for name, path, target, more in rows:
        values = [value_at(result, path) for result in results]
        known = [v for v in values if v is not None]
        mean = sum(known) / len(known) if known else None
        word = verdict(mean, target, more)
        missed += word == 'MISSED'
        columns = ''.join(f'{shown(v):>10}' for v in values + [mean])
        print(f'{name:{width}}{columns}{shown(target):>10}  {word}')
    return missed


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--sim', type=pathlib.Path, default=ROOT.parent / 'shared/outage')
    parser.add_argument('--profile', default='dev')
    parser.add_argument('--seed', action='append')
    parser.add_argument('--spike', action='store_true', help='the common alerting rule on the same streams')
    parser.add_argument('--mentionctl', type=pathlib.Path)
    parser.add_argument('--rules', type=pathlib.Path, action='append', help='packs instead of the shipped ones')
    parser.add_argument('--keep', type=pathlib.Path, help='folder for streams and events; used again if there')
    options = parser.parse_args()
    options.rules = options.rules or [ROOT / 'rules']
    options.seed = options.seed or ['a', 'b', 'c', 'd']
    built = sorted(ROOT.glob('build*/daemon/ctl/mentionctl'), key=lambda p: p.stat().st_mtime)
    options.mentionctl = options.mentionctl or (built[-1] if built else None)
    return options


def main():
    options = parse_options()
    if not (options.sim / 'simulate.py').exists():
        print(f'skipped: no simulator in {options.sim}')
        return 0
    if not options.mentionctl:
        print('no build*/daemon/ctl/mentionctl: build first, or say --mentionctl', file=sys.stderr)
        return 2
    options.work = options.keep or pathlib.Path(tempfile.mkdtemp(prefix='mentiond-outage-'))
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        write_config(load_texts(options.sim), options.work, options.rules)
        return 1 if print_table(options, [measure(options, seed) for seed in options.seed]) else 0
    finally:
        if not options.keep:
            shutil.rmtree(options.work)


if __name__ == '__main__':
    sys.exit(main())
