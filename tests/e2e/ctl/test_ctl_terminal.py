"""What reaches a terminal: nothing a stranger wrote may act on it, and lines fit."""
import re
import unicodedata

import pytest
from ctltool import mention, without_styles

HOSTILE = {
    'ansi': '\x1b[2J\x1b[31mred\x1b[0m',
    'title': '\x1b]0;owned\x07',
    'clipboard': '\x1b]52;c;cm0gLXJmIC8=\x07',
    'c1': 'a\x9b31mb\x9d0;t\x9cc\x85d',
    'bidi': 'abc\u202etxet\u202c \u2066iso\u2069 \u200f\u061c',
    'lines': 'one\r\x08\x08two\nthree\u2028four\u2029five',
    'delete': 'a\x7fb\x00c',
    'tags': 'a\U000e0041b\ufeff',
}

ACTING = re.compile('[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]')


def hostile_mention(n, text):
    return mention(n, 'the app is down ' + text, 'outage', 9, place=text, url='https://e.example/' + text,
                   author={'id': 'x' + text, 'handle': 'h' + text, 'name': 'N' + text, 'followers': 1,
                           'location': text},
                   captures={'topic': [text]},
                   hits=[{'rule': 'en/x' + text, 'class': 'outage', 'score': 3, 'start': 0, 'end': 999999},
                         {'rule': 'en/y', 'class': 'outage', 'score': 3, 'start': 12, 'end': 18}])


@pytest.mark.parametrize('kind', sorted(HOSTILE))
def test_posts_cannot_act_on_the_terminal(queue, ctl, kind):
    text = HOSTILE[kind]
    # the author's id goes to the event stream, where the queue itself refuses control characters
    m = hostile_mention(1, text)
    queue.ingest({**m, 'author': {**m['author'], 'id': 'x'}})
    queue.redis('SET', 'mentiond:{acme}:m:' + m['id'], __import__('json').dumps(m, ensure_ascii=False))
    queue.redis('HSET', 'mentiond:{@ops}:sources', 'acme/s' + text,
                __import__('json').dumps({'state': text, 'type': text, 'error': text}))
    queue.redis('XADD', 'mentiond:{acme}:events', '*', 'type', 'x' + text, 'id', text, 'k' + text, text)
    for args in (['claim'], ['show'], ['mine'], ['queue', '-v'], ['sources'],
                 ['resolve', 'mastodon:' + text.replace('\0', ''), '--outcome', 'fixed']):
        for form in ([], ['--json']):
            code, seen = ctl.on_terminal(*args, *form)
            shown = without_styles(seen).decode()
            assert not ACTING.search(shown), (args, form, ACTING.search(shown), shown)
    error = ctl('show', 'mastodon:' + text.replace('\0', '')).stderr
    assert not ACTING.search(error), error


def test_hits_are_marked_only_with_colour(queue, ctl):
    queue.ingest(mention(1, 'the app is down', 'outage'))
    ctl('claim')
    code, seen = ctl.on_terminal('show')
    assert b'the app is \x1b[1;4mdown\x1b[0m' in seen
    assert b'\x1b' not in ctl.on_terminal('show', env={'NO_COLOR': '1'})[1]
    assert b'\x1b' not in ctl.on_terminal('show', env={'TERM': 'dumb'})[1]
    assert b'\x1b' not in ctl.on_terminal('show', '--color', 'never')[1]
    assert '\x1b' not in ctl('show').stdout
    assert '\x1b[1;4mdown\x1b[0m' in ctl('show', '--color=always').stdout


def width(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1
               for c in line)


@pytest.mark.parametrize('columns', [20, 40, 79, 200])
def test_tables_fit_the_terminal(queue, ctl, columns):
    queue.ingest(mention(1, '日本語のとても長い投稿です ' * 9, 'outage'), mention(2, 'x' * 300, 'complaint'))
    queue.redis('HSET', 'mentiond:{@ops}:sources', 'acme/tags', '{"state":"ok","error":"' + 'e ' * 200 + '"}')
    ctl('claim')
    for args in (['mine'], ['queue', '-v'], ['sources']):
        code, seen = ctl.on_terminal(*args, columns=columns)
        for line in without_styles(seen).decode().splitlines():
            if 'claimed' not in line:
                assert width(line) <= columns, line


def test_long_posts_are_wrapped(queue, ctl):
    queue.ingest(mention(1, ('many words here ' * 40).strip(), 'outage'))
    code, seen = ctl.on_terminal('claim', columns=40)
    post = [line for line in without_styles(seen).decode().splitlines() if 'words' in line]
    assert len(post) > 10 and all(width(line) <= 40 for line in post)


def test_an_id_that_would_run_commands_is_quoted(queue, ctl):
    m = mention(1, 'x')
    m['id'] = "mastodon:'; rm -rf ~ #$(id)"
    queue.ingest(m)
    assert "resolve 'mastodon:'\\''; rm -rf ~ #$(id)' --outcome" in ctl('claim').stdout
