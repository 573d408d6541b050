"""`outages simulate`: streams of our own through rules and detector; no Redis."""
import json

import pytest

PACK = """
pack: en/test
lang: en
lists: { service: { login: [login, log in], app: [app] } }
rules:
  - { id: down, class: outage, score: 20, phrases: "{service} ~3 (down|dead)", capture: { topic: service } }
  - { id: back, signal: recovery, phrases: "is back" }
"""

PLACES = 'north: { names: [Leeds, Manchester] }\nsouth: { names: [London] }\n'

CONFIG = """
brands:
  acme: { terms: [Acme Go, "@acme"], rivals: [Bravo], places: places.yaml, rules: [pack.yaml], sources: [] }
  quiet: { terms: [quiet], outages: off, rules: [pack.yaml], sources: [] }
"""


@pytest.fixture
def simulate(ctl):
    for name, text in (('pack.yaml', PACK), ('places.yaml', PLACES), ('sim.yaml', CONFIG)):
        (ctl.folder / name).write_text(text)

    def run(posts, *more):
        stream = ctl.folder / 'stream.jsonl'
        stream.write_text(''.join((p if isinstance(p, str) else json.dumps(p)) + '\n' for p in posts))
        done = ctl('outages', 'simulate', '--config', ctl.folder / 'sim.yaml', stream, *more)
        return done, [json.loads(line) for line in done.stdout.splitlines()]
    return run


def post(minute, text='the app is down', brand='Acme Go', **more):
    def time(at):
        return f'2026-01-05T{9 + int(at) // 60:02}:{int(at) % 60:02}:{int(at * 60) % 60:02}.000Z'
    number = post.number = getattr(post, 'number', 0) + 1
    return {'id': f'p{number}', 'created_at': time(minute), 'arrived_at': time(minute + .5), 'brand': brand,
            'lang': 'en', 'text': text, 'repost_of': None, **more,
            'author': {'id': f'a{number}', 'handle': 'x', 'followers': 50, 'location': None,
                       'account_age_days': 900, **more.get('author', {})}}


def test_opens_names_and_closes(simulate):
    posts = [post(0.5 * i, 'login dead in leeds') for i in range(6)]
    done, events = simulate(posts)
    assert done.returncode == 0 and done.stderr == '', done.stderr
    assert [e['event'] for e in events] == ['opened', 'updated', 'updated', 'closed']
    first = events[0]
    assert (first['brand'], first['topic'], first['region'], first['people']) == ('Acme Go', 'login', 'north', 3)
    assert first['since'] == posts[0]['created_at'] and first['at'] == posts[2]['arrived_at']
    assert [i for e in events for i in e['member_ids']] == [p['id'] for p in posts]
    assert events[-1]['at'] > '2026-01-05T09:20'


def test_what_is_no_outage(simulate):
    def six(text, **more):
        return [post(0.3 * i, text, **more) for i in range(6)]
    for posts in (six('all is well'), six('the app of Bravo is down'), six('the app is down', brand='quiet'),
                  six('the app is down', author={'id': 'one and the same'}),
                  six('the app is down', repost_of='p0')):
        done, events = simulate(posts)
        assert done.returncode == 0 and events == []


def test_copies_of_one_text_are_none(simulate):
    done, events = simulate([post(0.3 * i, f'hey you there, the app is down yet again {i}') for i in range(9)])
    assert events == []


def test_people_say_it_is_back(simulate):
    posts = [post(0.3 * i) for i in range(30)] + [post(10, 'Acme Go is back'), post(10.5, 'it is back')]
    done, events = simulate(posts)
    assert events[-1]['event'] == 'closed' and events[-1]['at'] < '2026-01-05T09:25'


def test_a_stream_begins_with_what_is_usual_not_with_silence(simulate):
    done, events = simulate([post(0.3 * i) for i in range(3)])
    # 5 % of 0.1 mentions a minute and 0.15 reports an hour, of which (3 + 2) / (3 + 8) are about the app
    assert events[0]['expected_per_minute'] == round((.05 * .1 + .15 / 60) * 5 / 11, 4)


def test_two_brands_have_nothing_to_do_with_each_other(simulate, ctl):
    (ctl.folder / 'sim.yaml').write_text(CONFIG.replace('outages: off, ', ''))
    posts = [post(0.3 * i, brand='@ACME' if i % 2 else 'quiet') for i in range(4)]
    done, events = simulate(posts)
    assert done.stderr == '' and events == []


def test_bad_lines_are_named_and_passed_over(simulate):
    good = [post(i) for i in range(3)]
    bad = ['{', '[]', '{"brand":"Acme Go"}', json.dumps(post(1, brand='nobody')),
           json.dumps({**post(1), 'author': None}), 'x' * 1100000]
    done, events = simulate([line for g, b in zip(good * 2, bad) for line in (b, g)])
    assert done.returncode == 0 and events[0]['event'] == 'opened'
    for number in (1, 3, 5, 7, 9, 11):
        assert f'line {number}: ' in done.stderr
    assert '6 of 12 lines were passed over' in done.stderr


def test_what_it_needs(simulate, ctl):
    assert ctl('outages', 'simulate').returncode == 2
    (ctl.folder / 'places.yaml').write_text('north: { names: [Leeds] }\nsouth: { names: [leeds] }\n')
    done, events = simulate([post(0)])
    assert done.returncode == 1 and 'places.yaml:2:1' in done.stderr and events == []
