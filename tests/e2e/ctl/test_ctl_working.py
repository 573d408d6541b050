"""Getting work, looking at it, ending it: each verb in words and in JSON, and its exit code."""
import json
import signal
import time

import pytest
from ctltool import LossyProxy, mention, now_ms, write_config

ONE = 'mastodon:https://social.example/1'
TWO = 'mastodon:https://social.example/2'
THREE = 'mastodon:https://social.example/3'


@pytest.fixture
def busy(queue):
    queue.ingest(mention(1, '@acme the app is down again', 'outage', 12),
                 mention(2, 'rude staff', 'complaint', 3),
                 mention(3, 'me too!', 'complaint', 1, in_reply_to='https://social.example/1'))
    return queue


def test_claim_shows_who_what_and_why(busy, ctl):
    done = ctl('claim')
    assert done.returncode == 0 and done.stderr == ''
    for words in ('outage', ONE, 'Jane Doe (@jane@social.example), 1,234 followers', '12m ago on mastodon',
                  '@acme the app is down again', 'outage +3  en/outage.down  "down"', 'topic: app',
                  '1 more of this conversation waits for you', 'me too!',
                  f'mentionctl resolve {ONE} --outcome fixed'):
        assert words in done.stdout, words
    assert '\x1b' not in done.stdout


def test_claim_json_is_one_value(busy, ctl):
    claim = ctl.json('claim')
    assert claim['id'] == ONE and claim['owner'] == 'alice' and claim['state'] == 'claimed'
    assert claim['mention']['hits'][0]['rule'] == 'en/outage.down'
    assert claim['waiting'] == [THREE]


def test_claim_filters(busy, ctl):
    assert ctl('claim', '--class', 'praise').returncode == 3
    assert ctl('claim', '--network', 'bluesky').returncode == 3
    assert ctl('claim', '--lang', 'de').returncode == 3
    assert ctl.json('claim', '--class', 'praise', '--class', 'complaint')['mention']['class'] == 'complaint'


def test_nothing_to_claim(queue, ctl):
    done = ctl('claim')
    assert (done.returncode, done.stdout) == (3, '') and 'nothing to claim' in done.stderr
    assert ctl.json('claim') is None
    assert ctl('claim', '--json').returncode == 3


def test_a_second_agent_is_refused(busy, ctl):
    ctl('claim')
    done = ctl('claim', ONE, '--as', 'bob')
    assert done.returncode == 4 and 'alice has this conversation since ' in done.stderr
    done = ctl('claim', ONE, '--as', 'bob', '--json')
    answer = json.loads(done.stdout)
    assert done.returncode == 4 and answer['word'] == 'HELD'
    assert answer['error'].startswith('HELD by=alice since=')
    assert ctl('claim', '--case', ONE, '--as', 'bob').returncode == 4
    assert ctl('resolve', ONE, '--outcome', 'fixed', '--as', 'bob').returncode == 4


def test_lease_is_what_was_asked_for(busy, ctl):
    until = ctl.json('claim', '--lease', '20m')['lease_until']
    assert abs(until - now_ms() - 20 * 60000) < 5000
    until = ctl.json('renew', '--lease', '3600')['lease_until']
    assert abs(until - now_ms() - 3600000) < 5000
    done = ctl('renew')
    assert done.returncode == 0 and 'yours until' in done.stdout


def test_verbs_without_an_id_take_the_only_one(busy, ctl):
    ctl('claim')
    assert ctl.json('show')['id'] == ONE
    done = ctl('resolve', '--outcome', 'answered', '--cause', 'router', '--note', 'told them',
               '--reply-url', 'https://social.example/@acme/9')
    assert done.returncode == 0 and f'{ONE}: resolved' in done.stdout
    assert '1 more of this conversation waits' in done.stdout
    shown = ctl('show', ONE).stdout
    for words in ('resolved (answered, router) by alice', 'told them', 'https://social.example/@acme/9'):
        assert words in shown


def test_verbs_without_an_id_ask_when_it_is_not_clear(busy, ctl):
    done = ctl('renew')
    assert done.returncode == 1 and 'alice holds none' in done.stderr
    ctl('claim')
    ctl('claim')
    ctl('claim')
    done = ctl('resolve', '--outcome', 'fixed')
    assert done.returncode == 1 and ONE in done.stdout and TWO in done.stdout
    assert 'holds several' in done.stderr


def test_a_case_of_two_held_mentions_is_not_clear_for_resolve(busy, ctl):
    ctl('claim', ONE)
    ctl('claim', THREE)
    done = ctl('resolve', '--outcome', 'fixed')
    assert done.returncode == 1 and ONE in done.stdout and THREE in done.stdout
    assert ctl('renew').returncode == 0, 'one conversation is clear'
    assert ctl.json('resolve', '--case', '--outcome', 'fixed')['resolved'] == 2


def test_mine(busy, ctl):
    done = ctl('mine')
    assert (done.returncode, done.stdout) == (0, '') and 'alice holds nothing' in done.stderr
    assert ctl.json('mine') == []
    ctl('claim')
    assert ONE in ctl('mine').stdout
    assert ctl.json('mine')[0]['mentions'] == [ONE]


def test_release_one_and_all(busy, ctl):
    ctl('claim')
    done = ctl('release')
    assert done.returncode == 0 and 'back in the queue' in done.stdout
    ctl('claim')
    ctl('claim', TWO)
    assert ctl.json('release', '--all')['released'] == 2
    assert ctl.json('mine') == []
    assert ctl('release', '--all', ONE).returncode == 2


def test_resolve_the_whole_case(busy, ctl):
    ctl('claim')
    answer = ctl.json('resolve', '--case', '--outcome', 'fixed')
    assert answer['resolved'] == 2 and answer['left'] == 0


def test_dismiss_and_reopen(busy, ctl):
    done = ctl('dismiss', TWO, '--reason', 'spam')
    assert done.returncode == 0 and 'dismissed' in done.stdout
    done = ctl('dismiss', TWO)
    assert done.returncode == 1 and 'dismissed already' in done.stderr
    done = ctl('reopen', TWO)
    assert done.returncode == 0 and 'yours until' in done.stdout
    assert ctl.json('show', TWO)['owner'] == 'alice'


def test_snooze(busy, ctl):
    ctl('claim', TWO)
    done = ctl('snooze', '--for', '2h')
    assert done.returncode == 0 and 'snoozed until' in done.stdout and '(in 2h' in done.stdout
    ctl('claim', ONE)
    answer = ctl.json('snooze', ONE, '--until', time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 600)))
    assert answer['state'] == 'snoozed'
    assert ctl('snooze', ONE).returncode == 2
    assert ctl('snooze', ONE, '--for', '1h', '--until', '2030-01-01').returncode == 2
    assert 'has passed already' in ctl('snooze', ONE, '--until', '2020-01-01').stderr


def test_assign_and_escalate(busy, ctl):
    ctl('claim')
    done = ctl('assign', '--to', 'bob')
    assert done.returncode == 0 and 'now with bob' in done.stdout
    assert ctl.json('mine', '--as', 'bob')[0]['mentions'] == [ONE]
    done = ctl('escalate', '--as', 'bob')
    assert done.returncode == 0 and 'waits for a lead' in done.stdout
    ctl('claim', TWO)
    assert ctl.json('escalate', '--to', 'lea')['owner'] == 'lea'
    assert ctl('assign', TWO).returncode == 2


def test_reclassify(busy, ctl):
    done = ctl('reclassify', TWO, 'praise')
    assert done.returncode == 0 and 'complaint -> praise' in done.stdout
    assert ctl.json('reclassify', TWO, 'outage')['from'] == 'praise'
    done = ctl('reclassify', TWO, 'outag')
    assert done.returncode == 2 and "did you mean 'outage'" in done.stderr


def test_unknown_mention(queue, ctl):
    for verb in (['show'], ['claim'], ['renew'], ['resolve', '--outcome', 'fixed']):
        done = ctl(verb[0], 'mastodon:nowhere', *verb[1:])
        assert done.returncode == 1 and 'there is no such mention' in done.stderr, verb


def test_too_many(queue, ctl):
    queue.configure(max_claims=1)
    queue.ingest(mention(1, 'a'), mention(2, 'b'))
    assert ctl('claim').returncode == 0
    done = ctl('claim')
    assert done.returncode == 1 and 'you hold 1 conversations already' in done.stderr


def test_wait_gets_what_comes(queue, ctl):
    waiting = ctl.start('claim', '--wait', '--json')
    while not queue.redis('ZSCORE', 'mentiond:{acme}:seen', 'alice'):
        assert waiting.poll() is None
    queue.ingest(mention(1, 'the app is down', 'outage'))
    out, _ = waiting.communicate(timeout=20)
    assert waiting.returncode == 0 and json.loads(out)['id'] == ONE


def test_wait_ends_in_time_and_on_interrupt(queue, ctl):
    begin = time.monotonic()
    assert ctl('claim', '--wait', '1').returncode == 3
    assert time.monotonic() - begin < 10
    waiting = ctl.start('claim', '--wait', '--as', 'carol')
    while not queue.redis('ZSCORE', 'mentiond:{acme}:seen', 'carol'):
        assert waiting.poll() is None
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=20)
    assert (waiting.returncode, out, err) == (130, '', '')


def test_a_lost_reply_is_asked_for_again_and_changes_nothing_twice(busy, ctl):
    """The connection breaks after the queue has done it and before mentionctl hears of it."""
    with LossyProxy(busy.redis.path, ctl.folder / 'lossy.sock', b'mention_claim') as proxy:
        write_config(ctl.folder, f'unix://{proxy.path}')
        claim = ctl.json('claim')
    assert proxy.lost == 1 and claim['id'] == ONE
    assert busy.call('queue_stats', {})['counts']['claimed'] == 1
