"""`queue`, `watch` and `sources`."""
import json
import signal

from ctltool import mention, now_ms

EVENTS = 'mentiond:{acme}:events'
SOURCES = 'mentiond:{@ops}:sources'


def health(**more):
    value = {'brand': 'acme', 'source': 'tags', 'type': 'mastodon', 'account': '', 'state': 'ok',
             'last_success': now_ms() - 60000, 'last_poll': now_ms(), 'next_poll': now_ms() + 30500, 'lag_ms': 4000,
             'new': 7, 'errors': 0, 'error': '', 'owner': 'host:1'}
    value.update(more)
    return json.dumps(value)


def test_queue_counts_by_class(queue, ctl):
    queue.ingest(mention(1, 'x', 'outage', 90), mention(2, 'y', 'praise'))
    rows = {line.split()[0]: line.split() for line in ctl('queue').stdout.splitlines() if line}
    assert rows['outage'][1] == '1' and rows['praise'][1] == '1' and rows['complaint'][1] == '0'
    assert ctl.json('queue')['waiting']['outage']['waiting'] == 1
    ctl('claim')
    more = ctl('queue', '-v').stdout
    assert 'alice' in more and '0:praise:en:mastodon' in more and '1 claimed' in more


def test_sources(queue, ctl):
    done = ctl('sources')
    assert done.returncode == 0 and 'ever been polled' in done.stderr
    assert ctl.json('sources') == {}
    queue.redis('HSET', SOURCES, 'acme/tags', health(), 'acme/search',
                health(source='search', state='backoff', errors=3, error='429, waiting 87 s'),
                'other/tags', health(brand='other'), 'acme/broken', '{')
    out = ctl('sources').stdout
    assert 'tags' in out and '1m ago' in out and '4s' in out and '429, waiting 87 s' in out
    assert 'other' not in out and 'not readable' in out
    sources = ctl.json('sources')
    assert sorted(sources) == ['broken', 'search', 'tags'] and sources['search']['errors'] == 3


def test_wishes_for_a_source(queue, ctl):
    """poll, pause and resume are fields that each daemon reads; a source nobody knows is a mistake."""
    wishes = 'mentiond:{@ops}:wishes'
    queue.redis('HSET', SOURCES, 'acme/tags', health(why='rate limit', budget_left=3, budget_limit=300,
                                                      per_hour_x100=420))
    out = ctl('sources').stdout
    assert 'rate limit' in out and '3/300' in out and '4.2' in out
    for verb, word in (('poll', 'asked for'), ('pause', 'paused')):
        done = ctl('sources', verb, 'tags')
        assert done.returncode == 0 and word in done.stdout, done.stderr
        assert int(queue.redis('HGET', wishes, f'{verb}|acme/tags')) > 0
    assert ctl.json('sources', 'resume', 'tags') == {'ok': True}
    assert queue.redis('HGET', wishes, 'pause|acme/tags') is None
    done = ctl('sources', 'pause', 'tagz')
    assert done.returncode == 1 and "no source 'tagz'" in done.stderr
    assert queue.redis('HLEN', wishes) == 1


def read_until(process, wanted):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if wanted in line:
            return lines
    raise AssertionError(f'{wanted!r} never came: {lines} {process.stderr.read()}')


def test_watch_follows_live(queue, ctl):
    queue.ingest(mention(1, 'x'))
    watching = ctl.start('watch', '--since', '0')
    lines = read_until(watching, 'mention.heard')
    assert 'complaint' in lines[-1] and 'mastodon:https://social.example/1' in lines[-1]
    ctl('claim')
    assert 'by alice' in read_until(watching, 'claimed')[-1]
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=20)
    assert watching.returncode == 130


def test_watch_json_can_go_on(queue, ctl):
    queue.ingest(mention(1, 'x'))
    ctl('claim')
    watching = ctl.start('watch', '--json', '--since', '0')
    events = [json.loads(line) for line in read_until(watching, '"claimed"')]
    watching.terminate()
    watching.communicate(timeout=20)
    assert [e['type'] for e in events] == ['mention.heard', 'claimed'] and events[1]['by'] == 'alice'
    watching = ctl.start('watch', '--json', '--since', events[0]['entry'], '--type', 'claimed')
    assert json.loads(read_until(watching, '"claimed"')[0])['entry'] == events[1]['entry']
    watching.terminate()
    watching.communicate(timeout=20)
    assert watching.returncode == 130


def test_watch_notices_trimming(queue, ctl):
    queue.ingest(mention(1, 'x'))
    queue.redis('HSET', 'mentiond:{acme}', 'trimmed', f'{now_ms()}-0')
    watching = ctl.start('watch', '--since', '1h')
    assert 'cut off the stream before they were read' in watching.stderr.readline()
    watching.terminate()
    watching.communicate(timeout=20)


def test_watch_since_is_checked(queue, ctl):
    done = ctl('watch', '--since', 'yesterday')
    assert done.returncode == 2 and "'yesterday' is no time" in done.stderr
