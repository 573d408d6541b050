"""mentionctl as a process (also on a terminal), and a brand's queue to look at with it. Mentions go in by
mention_ingest, as the daemon does it."""
import glob
import json
import os
import pty
import re
import select
import socket
import subprocess
import threading
import time

from lib import resp

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BRAND = 'acme'
KEY = 'mentiond:{acme}'


def find_mentionctl():
    builds = [os.environ['MENTIOND_BUILD']] if 'MENTIOND_BUILD' in os.environ else \
        glob.glob(os.path.join(ROOT, 'build*'))
    found = [p for b in builds for p in [os.path.join(b, 'daemon/ctl/mentionctl')] if os.path.exists(p)]
    assert found, 'no mentionctl: build it, or say where with $MENTIOND_BUILD'
    return max(found, key=os.path.getmtime)


def now_ms():
    return int(time.time() * 1000)


def as_text(reply):
    if isinstance(reply, list):
        return [as_text(one) for one in reply]
    return reply.decode('utf-8', 'replace') if isinstance(reply, bytes) else reply


class Redis(resp.Redis):
    """Called with a command; the reply as text."""

    def __call__(self, *args):
        return as_text(self.call(*args))


class LossyProxy:
    """Between a client and Redis. Swallows the first reply to a command that holds `word` and hangs up."""

    def __init__(self, target, path, word):
        self.target, self.path, self.word, self.lost = target, str(path), word, 0

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=[client], daemon=True).start()

    def carry(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self.target)
            lose = False
            while True:
                for sock in select.select([client, server], [], [])[0]:
                    data = sock.recv(65536)
                    if not data:
                        return
                    if sock is client:
                        lose = lose or (self.word in data and not self.lost)
                        server.sendall(data)
                    elif lose:
                        self.lost += 1
                        return
                    else:
                        client.sendall(data)


class Queue:
    def __init__(self, redis):
        self.redis = redis
        self.seq = 0

    def call(self, function, args, brand=KEY):
        reply = self.redis('FCALL', function, 2, brand, brand + ':-', json.dumps(args))
        return json.loads(reply) if reply and reply[0] in '{[' else reply

    def configure(self, **more):
        settings = {'generation': now_ms(), 'languages': ['en', 'de']}
        settings.update(more)
        return self.call('brand_configure', settings)

    def ingest(self, *mentions):
        if self.seq == 0:
            self.call('source_open', {'source': 'test', 'lease': '1:abcdefgh'})
        self.seq += 1
        header = {'source': 'test', 'lease': '1:abcdefgh', 'seq': self.seq, 'cursor': str(self.seq),
                  'fetched_at': now_ms(), 'm': []}
        for m in mentions:
            entry = {k: m[k] for k in ('id', 'network', 'class', 'created_at', 'lang', 'conversation',
                                       'in_reply_to') if k in m}
            entry['author'] = m['author']['id']
            if m.get('addressed'):
                entry['addressed'] = True
            header['m'].append(entry)
        bodies = [json.dumps(m, ensure_ascii=False) for m in mentions]
        return json.loads(self.redis('FCALL', 'mention_ingest', 2, KEY, KEY + ':-', json.dumps(header),
                                     *bodies))


def mention(n, text, cls='complaint', minutes_ago=1, **more):
    """A mention in the form that the daemon writes; a hit on the word 'down' where there is one."""
    m = {'id': f'mastodon:https://social.example/{n}', 'brand': BRAND, 'source': 'test',
         'network': 'mastodon', 'url': f'https://social.example/@jane/{n}', 'text': text, 'lang': 'en',
         'created_at': now_ms() - minutes_ago * 60000, 'fetched_at': now_ms(),
         'author': {'id': 'https://social.example/jane', 'handle': 'jane@social.example',
                    'name': 'Jane Doe', 'followers': 1234}, 'class': cls, 'score': 3}
    at = text.encode().find(b'down')
    if at >= 0:
        m['hits'] = [{'rule': 'en/outage.down', 'class': 'outage', 'score': 3, 'start': at, 'end': at + 4}]
        m['captures'] = {'topic': ['app']}
    m.update(more)
    return m


class Ctl:
    """mentionctl with its surroundings; a call answers a finished process."""

    def __init__(self, folder, program):
        self.folder, self.program = folder, program
        self.env = {'PATH': os.environ['PATH'], 'HOME': str(folder), 'TZ': 'UTC', 'LC_ALL': 'C.UTF-8',
                    'MENTION_AGENT': 'alice'}
        for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS'):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def start(self, *args, env=None, **more):
        more.setdefault('stdin', subprocess.DEVNULL)
        return subprocess.Popen([self.program, *args], cwd=self.folder, env={**self.env, **(env or {})},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def __call__(self, *args, input=None, env=None):
        return subprocess.run([self.program, *args], cwd=self.folder, input=input or '', text=True,
                              capture_output=True, timeout=60, env={**self.env, **(env or {})})

    def json(self, *args, **more):
        done = self(*args, '--json', **more)
        return json.loads(done.stdout)

    def on_terminal(self, *args, columns=100, env=None):
        """What a person would see: (exit code, bytes)."""
        master, slave = pty.openpty()
        env = {**self.env, 'TERM': 'xterm', 'COLUMNS': str(columns), **(env or {})}
        process = subprocess.Popen([self.program, *args], cwd=self.folder, env=env, stdin=slave, stdout=slave,
                                   stderr=subprocess.DEVNULL, close_fds=True)
        os.close(slave)
        seen = b''
        while True:
            ready, _, _ = select.select([master], [], [], 30)
            assert ready, 'no output for 30 s'
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        os.close(master)
        return process.wait(30), seen.replace(b'\r\n', b'\n')


CONFIG = """
state_dir: ./state
redis: {{ url: "{url}" }}
brands:
  acme:
    terms: [acme]
    rules: [rules/en]
    sources: [{{ name: demo, type: file, path: demo.jsonl }}]
{more}
"""

PACK = """
pack: en/test
lang: en
rules:
  - id: down
    class: outage
    score: 3
    phrases: ["app is down"]
    tests:
      match: ["the app is down again"]
      skip: ["all is well"]
"""


def write_config(folder, url, more=''):
    (folder / 'config.yaml').write_text(CONFIG.format(url=url, more=more))


STYLES = re.compile(rb'\x1b\[[0-9;]*m')


def without_styles(seen):
    return STYLES.sub(b'', seen)
