"""What scripted networks share that list their posts newest first: they may give a page in any order, give the page
before once more where the next was asked for, show a post a minute after its own time, and take posts back."""
import random

from .posts import now_ms
from .web import Reply, Web


class Post:
    """`at`: ms, what the network says when it was written; `edited`: the same, 0 if it was not. A late post is not shown
    before it is let out."""

    def __init__(self, n, text, at, late=False):
        self.n, self.text, self.at, self.late, self.gone, self.edited = n, text, at, late, False, 0


class Unruly:
    PAGING = {}  # parameters of pages, and their value on the first

    def __init__(self, posts=(), unruly=False):
        self.posts = {p.n: p for p in posts}
        self.unruly = unruly
        self.chance = random.Random(7)
        self.before = lambda request: None
        self.last = None
        self.n_pages = self.n_repeated = 0
        self.web = Web(self._answer)
        self.url = self.web.url

    def post(self, *new):
        self.posts.update({p.n: p for p in new})

    def let_out(self):
        for one in self.posts.values():
            one.late = False

    def take_back(self, *numbers):
        for n in numbers:
            self.posts[n].gone = True

    @staticmethod
    def delete(one):
        one.gone = True

    @staticmethod
    def rewrite(one, text):
        one.text, one.edited = text, now_ms()

    def ids(self, gone=True):
        return {self.id_of(p) for p in self.posts.values() if not p.late and (gone or not p.gone)}

    def visible(self, key=lambda p: (p.at, p.n)):
        return sorted((p for p in self.posts.values() if not p.late and not p.gone), key=key, reverse=True)

    def shuffled(self, items):
        items = list(items)
        if self.unruly:
            self.chance.shuffle(items)
        return items

    def close(self):
        self.web.close()

    def _answer(self, request):
        said = self.before(request)
        if said is not None:
            return said
        if self.unruly and self.is_page(request) and self.is_later(request):
            self.n_pages += 1
            if self.n_pages % 3 == 1 and self.last is not None:
                self.n_repeated += 1
                return self.last
        reply = self.answer(request)
        if self.is_page(request):
            self.last = reply
        return reply

    def is_page(self, request):
        return True

    def is_later(self, request):
        """The second page of a walk, or one behind it."""
        return any(request.param(name, first) != first for name, first in self.PAGING.items())

    def answer(self, request):
        raise NotImplementedError

    @staticmethod
    def id_of(post):
        raise NotImplementedError


def error(status, body, **headers):
    return Reply(body, status, {k.replace("_", "-"): str(v) for k, v in headers.items()})


def minutes_ago(minutes):
    return now_ms() - int(minutes * 60_000)
