"""`outages …`: what agents and operators see of outages and do with them, against the real queue. The detector's part is
played by the test: outage_commit, as the daemon calls it."""
import json
import time

import pytest
from ctltool import mention, now_ms

ID = '261121-1832-k3f'


@pytest.fixture
def outage(queue):
    """An open outage of three mentions."""
    posts = [mention(n, f'login down in leeds, {n}', 'outage') for n in range(3)]
    for n, m in enumerate(posts):
        m['author'] = {**m['author'], 'id': f'a{n}'}
    queue.ingest(*posts)
    queue.ids = [m['id'] for m in posts]
    minute = now_ms() // 60000 * 60000
    queue.call('lease_take', {'daemon': 'test', 'nonce': 'abcdefgh', 'ttl_ms': 60000}, 'mentiond:{@brand@acme}')
    queue.call('outage_open', {'lease': '1:abcdefgh'})
    queue.call('outage_commit', {'lease': '1:abcdefgh', 'from': '0-0', 'to': '1-0', 'changes': [{
        'outage': ID, 'kind': 'opened', 'n': 1, 'at': now_ms(), 'since': now_ms() - 300000, 'people': 3, 'reports': 3,
        'topic': 'login', 'places': ['north'], 'per_minute': '1.5', 'expected': '0.01', 'score': '12.8',
        'threshold': '10', 'networks': ['mastodon'], 'examples': queue.ids[:2], 'members': queue.ids,
        'series': [f'{minute - 120000}:1:0.01', f'{minute}:2:0.01'],
        'why': json.dumps({'weight': 2.5, 'minutes': 4, 'expected': 0.02, 'score': 12.8, 'threshold': 10,
                           'topic': 'login', 'place': None, 'reports': 3, 'lessened': 1,
                           'less': [{'id': queue.ids[2], 'weight': 0.5, 'why': ['young', 'copy']}]})}]})
    return queue


def test_the_list(ctl, outage):
    done = ctl('outages')
    assert done.returncode == 0, done.stderr
    for word in (ID, 'open', 'login', 'north', '3', '1 found so far'):
        assert word in done.stdout
    assert ctl.json('outages')['outages'][0]['id'] == ID
    assert ctl('outages', '--state', 'over').stderr == 'mentionctl: no outages\n'


def test_one_with_its_curve_and_examples(ctl, outage):
    done = ctl('outages', 'show', ID)
    assert done.returncode == 0, done.stderr
    for word in ('login in north', '3, who wrote 3 reports on mastodon', 'since', '▅·█', 'a column is 1 min',
                 'ordinarily 0.01', 'login down in leeds, 0', outage.ids[1]):
        assert word in done.stdout, f'{word} in {done.stdout}'
    assert ctl.json('outages', 'show', ID)['series'][1][1] == 2


def test_why_it_opened(ctl, outage):
    done = ctl('outages', 'explain', ID)
    for word in ('reports about login from everywhere', '2.5 (weight) within 4.0 min; ordinarily 0.020',
                 '12.8, and 10.0 opens', '3 at that moment, 1 of them', 'a new account that few follow, a near-copy'):
        assert word in done.stdout, f'{word} in {done.stdout}'


def test_claimed_as_one_and_by_name(ctl, outage):
    done = ctl('claim')
    assert done.returncode == 0 and ID in done.stdout and 'mentionctl outages ack' in done.stdout, done.stdout
    held = ctl('claim', '--outage', ID, '--as', 'bob')
    assert held.returncode == 4 and 'alice' in held.stderr
    assert ctl('claim', '--outage', ID, 'x').returncode == 2
    assert ctl('claim', '--as', 'bob').returncode == 3


def test_a_claim_says_how_many_others(ctl, outage):
    ctl('outages', 'ack', ID, '--note', 'we are on it', '--status-url', 'https://status.example', '--eta',
        '2099-01-01T00:00:00Z')
    done = ctl('claim', outage.ids[0])
    assert done.returncode == 0, done.stderr
    for word in ('login in north: 2 others say so, since 5m ago', 'we are on it', 'https://status.example'):
        assert word in done.stdout, done.stdout


def test_acts(ctl, outage):
    begun = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 600))
    assert 'confirmed, told' in ctl('outages', 'confirm', ID, '--at', begun).stdout
    assert 'earlier' in ctl('outages', 'confirm', ID, '--at', begun).stdout
    done = ctl('outages', 'resolve', ID, '--outcome', 'fixed', '--cause', 'a cable')
    assert done.returncode == 0 and 'resolved, with 3 mentions' in done.stdout, done.stdout + done.stderr
    assert 'status page at the mean' in ctl('outages').stdout
    assert ctl.json('outages', 'missed', '--at', '2026-01-01', '--topic', 'calls', '--place', 'south')['missed']


def test_rejecting_teaches(ctl, outage):
    assert ctl('outages', 'reject', ID).returncode == 2
    done = ctl('outages', 'reject', ID, '--why', 'joke', '--for', '2h')
    assert done.returncode == 0 and 'guard g1' in done.stdout, done.stdout + done.stderr
    listed = ctl('outages', 'guards')
    assert 'joke' in listed.stdout and ID in listed.stdout and 'login' in listed.stdout
    assert ctl.json('outages', 'guards')[0]['id'] == 'g1'
    assert ctl('outages', 'guards', 'remove', 'g1').stdout == 'g1: removed\n'
    gone = ctl('outages', 'guards', 'remove', 'g1')
    assert gone.returncode == 1 and 'there is none of that name' in gone.stderr
    assert ctl('outages', 'guards').stderr == 'mentionctl: no guards\n'


def test_announced_work(ctl, queue):
    assert ctl('outages', 'maintenance', 'add', '--until', '2099-01-01').returncode == 2
    span = [time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + s)) for s in (60, 3600)]
    done = ctl('outages', 'maintenance', 'add', '--from', span[0], '--until', span[1], '--topic', 'login',
               '--note', 'new routers')
    assert done.returncode == 0 and done.stdout.startswith('m1: '), done.stdout + done.stderr
    assert 'new routers' in ctl('outages', 'maintenance').stdout
    assert ctl('outages', 'maintenance', 'remove', 'm1').stdout == 'm1: removed\n'
    assert ctl.json('outages', 'maintenance') == []


def test_none_of_that_name(ctl, queue):
    for verb in ('show', 'explain', 'ack'):
        done = ctl('outages', verb, 'nothing')
        assert done.returncode == 1 and 'there is no such outage' in done.stderr
    assert ctl('outages', 'nothing').returncode == 2


def test_notes_cannot_command_a_terminal(ctl, outage):
    ctl('outages', 'ack', ID, '--note', 'a\x1b]0;gotcha\x07b')
    for args in (('outages',), ('outages', 'show', ID)):
        assert '\x1b]' not in ctl(*args).stdout
