"""What scripted networks share that misbehave as real ones do: pages that come again, in another order, errors in
between, posts that show late and posts that vanish."""
import time

from .posts import now_ms
from .web import Reply, Web


class Busy:
    """`posts` is what was published; a subclass answers a data request in answer(request, visible posts)."""

    def __init__(self, posts=()):
        self.posts = list(posts)
        self.deleted = []
        self.late = {}      # id(post) -> when it shows, ms
        self.troubles = []  # functions of the request: answer instead, one a request
        self.shuffled = False
        self.repeats = 0    # so many requests get the page before once more
        self.last = None
        self.web = Web(self._answer)
        self.url = self.web.url

    def post(self, *new):
        self.posts += new

    def post_late(self, one, seconds):
        self.late[id(one)] = now_ms() + int(seconds * 1000)
        self.posts.append(one)

    def delete(self, one):
        self.posts.remove(one)
        self.deleted.append(one)

    def visible(self):
        now = now_ms()
        return [p for p in self.posts if self.late.get(id(p), 0) <= now]

    def arrange(self, page):
        """A page's items in the order they are given in."""
        return page[1::2] + page[::2] if self.shuffled else page

    def ids(self):
        return {self.id_of(p) for p in self.posts}

    def close(self):
        self.web.close()

    def is_data(self, request):
        """Logins and look-ups are answered even where data requests meet trouble."""
        return True

    def _answer(self, request):
        if not self.is_data(request):
            return self.answer(request)
        if self.troubles:
            return self.troubles.pop(0)(request)
        if self.repeats and self.last:
            self.repeats -= 1
            return self.last
        self.last = self.answer(request)
        return self.last


def html_instead(_):
    return Reply("<!DOCTYPE html><title>Attention Required!</title>", 503, {"Content-Type": "text/html"})


def cut_off(_):
    return Reply(b'{"data": [{"id": "1', 200, {"Content-Type": "application/json"})


def wait_until_shown(network):
    """Until the late ones have come out."""
    while any(at > now_ms() for at in network.late.values()):
        time.sleep(0.05)
