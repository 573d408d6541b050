"""A Mastodon instance: hashtag timelines with min_id, max_id and limit, Link headers, rate limit headers; search.

The shape is that of Mastodon 4.6: decimal ids in arrival order, global `uri`, HTML content. Timelines are ordered by
id, newest first, also with min_id.
"""
import bisect
import html
import urllib.parse

from .posts import iso, now_ms, text_of
from .web import Reply, Web

LIMIT_DEFAULT, LIMIT_MAX = 20, 40
FIRST_ID = 113400000000000000
REQUEST_LIMIT = 300
TOKEN = "m4stodon-t0ken"


def mention_of(handle):
    name = handle.split("@")[0]
    return {"id": "9", "username": name, "acct": handle, "url": f"https://mastodon.example/@{name}"}


def status(n, text=None, author=None, created_ms=None, names=(), boosted=None, visibility="public",
           host="mastodon.example"):
    author = author or f"user{n}"
    local = str(FIRST_ID + n)
    base = f"https://{host}"
    content = "" if boosted else f"<p>{html.escape(text if text is not None else text_of(n))}</p>"
    return {
        "id": local, "created_at": iso(created_ms if created_ms is not None else now_ms() - 60_000 + n % 1000),
        "in_reply_to_id": None, "in_reply_to_account_id": None, "sensitive": False, "spoiler_text": "",
        "visibility": visibility, "language": "en", "uri": f"{base}/users/{author}/statuses/{local}",
        "url": f"{base}/@{author}/{local}", "replies_count": 0, "reblogs_count": 1, "favourites_count": 2,
        "edited_at": None, "content": content, "reblog": boosted,
        "account": {
            "id": str(5000 + n), "username": author, "acct": author, "display_name": author.title(),
            "locked": False, "bot": False, "created_at": "2022-11-05T00:00:00.000Z", "note": "",
            "url": f"{base}/@{author}", "uri": f"{base}/users/{author}", "followers_count": 10 + n % 90,
            "following_count": 3, "statuses_count": 77, "emojis": [], "fields": []},
        "media_attachments": [], "mentions": [mention_of(h) for h in names],
        "tags": [{"name": "acme", "url": f"{base}/tags/acme"}], "emojis": [], "card": None, "poll": None}


def uri_of(one):
    return "mastodon:" + one["uri"]


class Mastodon:
    """Statuses are kept oldest first. `before(request)` may answer in the network's place."""

    def __init__(self, statuses=()):
        self.statuses = sorted(statuses, key=self._order)
        self.keys = [self._order(s) for s in self.statuses]
        self.before = lambda request: None
        self.web = Web(self._answer)
        self.url = self.web.url

    @staticmethod
    def _order(one):
        return (len(one["id"]), one["id"])

    def post(self, *new):
        for one in new:
            at = bisect.bisect(self.keys, self._order(one))
            self.keys.insert(at, self._order(one))
            self.statuses.insert(at, one)

    def delete(self, one):
        at = self.statuses.index(one)
        del self.statuses[at], self.keys[at]

    @staticmethod
    def rewrite(one, text):
        one.update(content=f"<p>{html.escape(text)}</p>", edited_at=iso(now_ms()))

    def ids(self):
        return {uri_of(s) for s in self.statuses}

    def source(self, name="tags", **more):
        return {"name": name, "type": "mastodon", "instance": self.url, "hashtags": ["acme"],
                "interval": "10s", "max_pages": 10000, **more}

    def account(self):
        return {"type": "mastodon", "instance": self.url, "token": "${MASTODON_TOKEN}"}

    def mentions_source(self, name="mentions", **more):
        return {"name": name, "type": "mastodon", "account": "care", "look": "mentions", "interval": "10s",
                "max_pages": 10000, **more}

    def close(self):
        self.web.close()

    # answers -------------------------------------------------------------------------------------

    def _answer(self, request):
        said = self.before(request)
        if said is not None:
            return said
        if request.path.startswith("/api/v1/timelines/tag/"):
            return self.timeline(request)
        if request.path == "/api/v1/timelines/public":
            return self.timeline(request)
        if request.path == "/api/v1/notifications":
            return self.notifications(request)
        if request.path.startswith("/api/v1/statuses/"):
            found = [s for s in self.statuses if s["id"] == request.path.split("/")[-1]]
            return self.reply(request, found[0]) if found else Reply({"error": "Record not found"}, 404)
        if request.path == "/api/v2/search":
            return self.reply(request, {"accounts": [], "hashtags": [], "statuses": self.page(request)})
        return Reply({"error": "Record not found"}, 404)

    def page(self, request):
        limit = min(int(request.param("limit", LIMIT_DEFAULT)), LIMIT_MAX)
        low, high = 0, len(self.keys)
        min_id, max_id = request.param("min_id"), request.param("max_id")
        if max_id:
            high = bisect.bisect_left(self.keys, (len(max_id), max_id))
        if min_id:
            low = bisect.bisect_right(self.keys, (len(min_id), min_id))
            high = min(high, low + limit)  # the page immediately newer
        return self.statuses[max(low, high - limit):high][::-1]

    def timeline(self, request):
        return self.reply(request, self.page(request), linked=True)

    def notifications(self, request):
        """Each status is a mention, as long as it names the account; likes come between them."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply({"error": "The access token is invalid"}, 401)
        page = [{"id": s["id"], "type": "mention" if s["mentions"] else "favourite", "created_at": s["created_at"],
                 "account": s["account"], "status": s} for s in self.page(request)]
        return self.reply(request, page, linked=True)

    def reply(self, request, body, linked=False, status_code=200):
        headers = {"X-RateLimit-Limit": str(REQUEST_LIMIT), "X-RateLimit-Remaining": str(REQUEST_LIMIT - 1),
                   "X-RateLimit-Reset": iso(now_ms() + 290_000)[:-1] + "144Z"}
        if linked and body:
            headers["Link"] = (f'<{self._link(request, max_id=body[-1]["id"])}>; rel="next", '
                               f'<{self._link(request, min_id=body[0]["id"])}>; rel="prev"')
        return Reply(body, status_code, headers)

    def _link(self, request, **param):
        query = urllib.parse.urlencode({"limit": request.param("limit", LIMIT_DEFAULT), **param})
        return f"{self.url}{request.path}?{query}"

    @staticmethod
    def too_many(retry_after=None, reset_in=None):
        """429 in the network's shape: the reset is an ISO date, Retry-After only if asked for."""
        headers = {"X-RateLimit-Limit": str(REQUEST_LIMIT), "X-RateLimit-Remaining": "0"}
        if reset_in is not None:
            headers["X-RateLimit-Reset"] = iso(now_ms() + int(reset_in * 1000))[:-1] + "501Z"
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        return Reply({"error": "Too many requests"}, 429, headers)
