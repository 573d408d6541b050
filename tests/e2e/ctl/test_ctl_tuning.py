"""Tuning rules with what was heard: from files, and from a real queue with agents' corrections in it."""
import json

from ctltool import mention, now_ms

NEW_PACK = """
pack: en/new
lang: en
rules:
  - { id: gone, class: outage, score: 3, phrases: ["app is gone"] }
  - { id: joy, class: praise, score: 3, phrases: ["all is well"] }
"""


def write_posts(folder, posts):
    (folder / 'posts.jsonl').write_text(''.join(json.dumps(p) + '\n' for p in posts))
    return 'posts.jsonl'


def json_lines(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


POSTS = [{'id': 'a', 'text': 'the app is down', 'lang': 'en', 'label': 'outage'},
         {'id': 'b', 'text': 'the app is gone \x1b[31m', 'lang': 'en', 'label': 'outage'},
         {'id': 'c', 'text': 'all is well', 'lang': 'en', 'label': 'praise'},
         {'id': 4, 'text': 'nothing at all', 'lang': 'en'}]


def test_backtest_shows_what_changes_and_why(ctl, tmp_path):
    (tmp_path / 'new.yaml').write_text(NEW_PACK)
    posts = write_posts(tmp_path, POSTS)
    changes = json_lines(ctl('rules', 'backtest', '--rules', 'new.yaml', posts, '--json'))
    totals = changes.pop()
    assert [(c['id'], c['old'], c['new']) for c in changes] == [
        ('a', 'outage', 'none'), ('b', 'none', 'outage'), ('c', 'none', 'praise')]
    assert changes[0]['rules_lost'] == ['en/test/down'] and changes[0]['rules_gained'] == []
    assert changes[1]['rules_gained'] == ['en/new/gone'] and changes[1]['label'] == 'outage'
    assert totals['posts'] == 4 and totals['changed'] == 3 and totals['known'] == 3
    assert totals['right'] == {'old': 1, 'new': 2}
    assert totals['classes']['outage'] == {'old': 1, 'new': 1, 'gained': 1, 'lost': 1}
    assert totals['classes']['none'] == {'old': 3, 'new': 2, 'gained': 1, 'lost': 2}
    done = ctl('rules', 'backtest', '--rules', 'new.yaml', posts)
    assert 'outage -> none (is outage)  a\n  - en/test/down\n    the app is down\n' in done.stdout
    assert '  + en/new/joy\n' in done.stdout and '\x1b' not in done.stdout
    assert '3 of 4 verdicts changed\nof 3 posts whose class is known, 1 were right, 2 are now\n' in done.stdout


def test_backtest_compares_two_sets_of_packs(ctl, tmp_path):
    (tmp_path / 'new.yaml').write_text(NEW_PACK)
    same = ctl('rules', 'backtest', '--rules', 'new.yaml', '--old', 'new.yaml', '-', '--json',
               input='\n'.join(json.dumps(p) for p in POSTS) + '\nnot json\n{"id":1}\n')
    (totals,) = json_lines(same)
    assert totals['posts'] == 4 and totals['changed'] == 0
    assert '2 could not be read' in same.stderr


def test_backtest_with_another_score_says_so(ctl, tmp_path):
    (tmp_path / 'more.yaml').write_text('pack: more\ninclude: rules/en\noverrides: { en/test/down: { score: 1 } }\n')
    done = ctl('rules', 'backtest', '--rules', 'more.yaml', write_posts(tmp_path, POSTS))
    assert done.returncode == 0 and 'the same rules, with other scores or thresholds' in done.stdout


def test_backtest_of_many_posts_on_all_cores(ctl, tmp_path):
    (tmp_path / 'new.yaml').write_text(NEW_PACK)
    posts = [{'id': i, 'text': f'{"the app is gone" if i % 3 == 0 else "well"} {i}', 'lang': 'en'}
             for i in range(5000)]
    changes = json_lines(ctl('rules', 'backtest', '--rules', 'new.yaml', write_posts(tmp_path, posts), '--json'))
    totals = changes.pop()
    assert totals['posts'] == 5000 and [c['id'] for c in changes] == [str(i) for i in range(0, 5000, 3)]


def test_backtest_refuses(ctl, tmp_path):
    assert ctl('rules', 'backtest', 'posts.jsonl').returncode == 2
    done = ctl('rules', 'backtest', '--rules', 'rules/en', 'nowhere.jsonl')
    assert done.returncode == 1 and 'nowhere.jsonl' in done.stderr
    (tmp_path / 'bad.yaml').write_text('pack: bad\nrules: [{ id: x, class: blame, phrases: [down] }]\n')
    done = ctl('rules', 'backtest', '--rules', 'bad.yaml', write_posts(tmp_path, POSTS))
    assert done.returncode == 1 and 'new rules: ' in done.stderr and 'bad.yaml:2:' in done.stderr


def test_backtest_of_what_the_queue_keeps(queue, ctl, tmp_path):
    (tmp_path / 'new.yaml').write_text(NEW_PACK)
    queue.ingest(*[mention(n, f'the app is gone {n}') for n in range(100)])
    queue.ingest(*[mention(n, 'nothing to see', 'none') for n in range(100, 150)])
    assert ctl('reclassify', mention(3, '')['id'], 'outage').returncode == 0
    done = ctl('rules', 'backtest', '--rules', 'new.yaml', '--json')
    changes = json_lines(done)
    totals = changes.pop()
    assert totals['posts'] == 150 and totals['changed'] == 100
    assert totals['known'] == 1 and totals['right'] == {'old': 0, 'new': 1}
    assert [c['id'] for c in changes if 'label' in c] == [mention(3, '')['id']]
    assert 'read 151 events and the 150 mentions' in done.stderr


def test_suggest_finds_what_corrections_have_in_common(queue, ctl, tmp_path):
    others = [mention(n, f'hello there, nice day number {n}', 'none') for n in range(60)]
    charged = [mention(100 + n, f'hello, you charged me twice, {word}', 'praise')
               for n, word in enumerate(['unreal', 'again', 'thanks a lot', 'why'])]
    sale = [mention(200 + n, f'app is down to half price {word}', 'outage')
            for n, word in enumerate(['now', 'yay', 'ok'])]
    queue.ingest(*others, *charged, *sale)
    for m, cls in [(m, 'complaint') for m in charged] + [(m, 'none') for m in sale]:
        assert ctl('reclassify', m['id'], cls).returncode == 0
    done = ctl('rules', 'suggest')
    assert done.returncode == 0, done.stderr
    assert 'you charged me twice' in done.stdout and 'half price' in done.stdout
    assert 'hello' not in done.stdout and 'number' not in done.stdout
    assert all(m['id'] in done.stdout for m in charged + sale)
    (tmp_path / 'suggested.yaml').write_text(done.stdout)
    assert ctl('rules', 'test', 'suggested.yaml').returncode == 0
    assert [(r['rule'], r['class']) for r in ctl.json('rules', 'list', 'suggested.yaml')][0] == (
        'suggested/complaint-1', 'complaint')
    first = json_lines(ctl('rules', 'suggest', '--json'))[0]
    assert (first['class'], first['corrected'], first['others'], first['of_corrected']) == ('none', 3, 0, 3)
    assert first['z'] > 1.96 and sorted(first['ids']) == sorted(m['id'] for m in sale)


def test_suggest_reads_labels(ctl, tmp_path):
    posts = [{'id': f'x{n}\n- evil: "\x1b[31m', 'text': f'parcel never came {n} "quoted" *down*',
              'label': 'complaint', 'lang': 'en-GB'} for n in range(6)]
    posts += [{'id': n, 'text': f'all is well on day {n}', 'label': 'none', 'lang': 'en'} for n in range(40)]
    posts += [{'id': n, 'text': 'Alles kaputt hier' if n < 3 else 'Schöner Tag heute', 'label':
               'complaint' if n < 3 else 'none', 'lang': 'de'} for n in range(40)]
    name = write_posts(tmp_path, posts)
    done = ctl('rules', 'suggest', name)
    assert done.returncode == 0 and 'parcel never came' in done.stdout and '\x1b' not in done.stdout
    assert 'lang: en\n' in done.stdout and 'kaputt' not in done.stdout and '\n- evil' not in done.stdout
    (tmp_path / 'suggested.yaml').write_text(done.stdout)
    assert ctl('rules', 'test', 'suggested.yaml').returncode == 0
    assert 'alles kaputt hier' in ctl('rules', 'suggest', '--lang', 'de', name).stdout


def test_suggest_says_when_there_is_nothing(ctl, tmp_path):
    done = ctl('rules', 'suggest', write_posts(tmp_path, POSTS))
    assert done.returncode == 0 and done.stdout.endswith('rules: []\n') and 'nothing to suggest' in done.stderr
    (tmp_path / 'suggested.yaml').write_text(done.stdout)
    assert ctl('rules', 'test', 'suggested.yaml').returncode == 0


def heard(n, rules, cls='outage'):
    hits = [{'rule': rule, 'class': cls, 'score': 3, 'start': i, 'end': i + 3} for i, rule in enumerate(rules)]
    return mention(n, f'the app broke {n}', cls, hits=hits)


def test_stats_measures_precision_by_what_agents_did(queue, ctl, tmp_path):
    (tmp_path / 'rules' / 'en' / 'more.yaml').write_text(
        'pack: en/more\nlang: en\nrules:\n  - { id: seen, class: outage, regex: "br[o0]ke" }\n'
        '  - { id: silent, class: praise, phrases: [never said] }\n')
    posts = [heard(n, ['en/test/down', 'en/test/down']) for n in range(10)] + [heard(10, ['en/more/seen', 'en/gone/x'])]
    queue.ingest(*posts)
    for m in posts[:2]:
        assert ctl('reclassify', m['id'], 'complaint').returncode == 0
    for m in posts[:5]:
        assert ctl('claim', m['id']).returncode == 0
        assert ctl('resolve', m['id'], '--outcome', 'fixed').returncode == 0
    done = ctl('rules', 'stats', '--json')
    assert done.returncode == 0, done.stderr
    stats = json.loads(done.stdout)
    assert (stats['posts'], stats['looked'], stats['corrected'], stats['other_hits']) == (11, 5, 2, 1)
    assert stats['sample'] == 11 and not stats['cut']
    rules = {r['rule']: r for r in stats['rules']}
    down = rules['en/test/down']
    assert (down['hits'], down['looked'], down['right'], down['precision']) == (10, 5, 3, 0.6)
    assert abs(down['low'] - 0.2307) < 0.0005 and abs(down['high'] - 0.8824) < 0.0005
    assert rules['en/more/seen']['us_a_post'] > 0 and rules['en/more/seen']['precision'] is None
    assert rules['en/more/silent']['hits'] == 0
    assert [r['hits'] for r in stats['rules']] == [10, 1, 0]


def test_stats_as_a_table(queue, ctl):
    queue.ingest(*[heard(n, ['en/test/down']) for n in range(3)])
    done = ctl('rules', 'stats')
    assert done.returncode == 0 and 'read 3 events and the 3 mentions' in done.stderr
    title, row, last, times = done.stdout.splitlines()
    assert times.startswith('a mean post takes ') and ' in runs of these rules' in times
    assert title.split()[:5] == ['RULE', 'GIVES', 'HITS', 'LOOKED', 'WRONG']
    assert row.split()[:5] == ['en/test/down', 'outage', '3', '0', '0']
    assert last == '3 posts, agents looked at 0 and corrected 0; 0 of 1 rules never hit'


DAY_MS = 24 * 60 * 60 * 1000


def test_lint_names_rules_that_never_fire(queue, ctl, redis):
    more = [f'  - {{ id: {name}, class: praise, phrases: [well {name}], tests: {{ match: well {name}, skip: no }} }}\n'
            for name in ('young', 'silent', 'old', 'unknown')]
    (ctl.folder / 'rules' / 'en' / 'more.yaml').write_text('pack: en/more\nlang: en\nrules:\n' + ''.join(more))
    now = now_ms()
    known, fired = 'mentiond:{@ops}:rules:known', 'mentiond:{@ops}:rules:fired'
    for name, days in (('young', 29), ('silent', 31), ('old', 100), ('gone', 100)):
        redis('ZADD', known, now - days * DAY_MS, f'en/more/{name}')
    redis('ZADD', fired, now - 40 * DAY_MS, 'en/more/old')
    done = ctl('rules', 'lint', '--fired', '--json')
    assert done.returncode == 1
    said = [w for w in json.loads(done.stdout)['warnings'] if 'never-fired' in w]
    assert len(said) == 2
    assert 'rules.silent (never-fired): has counted in no verdict since it was first loaded, 31 days ago' in said[0]
    assert 'rules.old (never-fired): has counted in no verdict for 40 days' in said[1]
    assert '3 rules have been loaded for less than 30 days' in done.stderr
    redis('ZADD', fired, now - 29 * DAY_MS, 'en/more/old', now - 1000, 'en/more/silent')
    redis('HINCRBY', 'mentiond:{@ops}:rules:limited', 'en/more/old', 7)
    assert 'never-fired' not in ctl('rules', 'lint', '--fired').stderr
    stats = {r['rule']: r for r in json.loads(ctl('rules', 'stats', '--json').stdout)['rules']}
    assert stats['en/more/old']['limited'] == 7 and stats['en/more/silent']['last_fired'] == now - 1000
    assert stats['en/more/young']['last_fired'] == 0


def test_what_is_erased_is_not_counted(queue, ctl, redis):
    queue.ingest(*[heard(n, ['en/test/down']) for n in range(3)])
    redis('DEL', 'mentiond:{acme}:m:' + heard(1, [])['id'])
    done = ctl('rules', 'stats', '--json')
    assert json.loads(done.stdout)['posts'] == 2 and '(1 are not)' in done.stderr
