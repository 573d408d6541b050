"""Reddit's OAuth API: logins that are refused with status 200, listings of at most 1,000 things paged by `after`, and
the trap of `before`: an empty listing."""
import itertools

from .busy import Busy
from .posts import now_ms, text_of
from .web import Reply

AGENT = "linux:com.example.mentiond:v1.0 (by /u/tester)"
WALL = 1000
_minted = itertools.count(1)


def thing(n, text=None, created_ms=None, kind="t3", author=None):
    at = float((created_ms if created_ms is not None else now_ms() - 1000) // 1000)
    name = f"{kind}_{n + 10_000:x}"
    text = text if text is not None else text_of(n)
    data = {"id": name[3:], "name": name, "author": author or f"user{n}", "author_fullname": f"t2_{n:x}", "score": 1,
            "created": at, "created_utc": at, "edited": False, "subreddit": "acme", "likes": None, "over_18": False}
    if kind == "t3":
        data |= {"title": text, "selftext": "", "is_self": True, "num_comments": 0, "removed_by_category": None,
                 "permalink": f"/r/acme/comments/{name[3:]}/x/"}
    else:
        data |= {"body": text, "link_id": "t3_1", "parent_id": "t3_1", "replies": "",
                 "permalink": f"/r/acme/comments/1/x/{name[3:]}/"}
    return {"kind": kind, "data": data}


def comment(n, **more):
    return thing(n, kind="t1", **more)


class Reddit(Busy):
    id_of = staticmethod(lambda t: "reddit:" + t["data"]["name"])

    def __init__(self, posts=()):
        self.logins, self.token = 0, None
        super().__init__(posts)

    def account(self, **more):
        return {"type": "reddit", "login": self.url, "api": self.url, "client_id": "app", "user_agent": AGENT,
                "client_secret": "${REDDIT_SECRET}", **more}

    def source(self, name="reddit", **more):
        return {"name": name, "type": "reddit", "account": "reddit", "subreddits": ["acme"], "interval": "5s",
                "max_pages": 1000, **more}

    @staticmethod
    def rewrite(one, text):
        one["data"].update({"body" if one["kind"] == "t1" else "title": text}, edited=float(now_ms() // 1000))

    @staticmethod
    def remove(one):
        """As listings show what a moderator took away."""
        one["data"].update(removed_by_category="moderator", selftext="[removed]")

    def expire(self):
        self.token = f"expired-{next(_minted)}"

    def is_data(self, request):
        return request.method == "GET"

    # answers -------------------------------------------------------------------------------------

    def answer(self, request):
        if request.headers.get("User-Agent") != AGENT:
            return Reply("<html>whoa there, pardner!</html>", 429, {"Content-Type": "text/html"})
        if request.path == "/api/v1/access_token":
            return self._login(request)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return Reply({"message": "Unauthorized", "error": 401}, 401,
                         {"www-authenticate": 'Bearer realm="reddit", error="invalid_token"'})
        assert request.param("raw_json") == "1"
        if request.path == "/api/info":
            names = request.param("id").split(",")
            return self.reply([p for p in self.posts if p["data"]["name"] in names])
        if request.param("before"):
            return self.reply([])
        return self._listing(request)

    def _login(self, request):
        if request.headers.get("Authorization") != "Basic YXBwOnMzY3JldA==":  # app:s3cret
            return Reply({"message": "Unauthorized", "error": 401}, 401)
        if request.body != b"grant_type=client_credentials":
            return Reply({"error": "unsupported_grant_type"})
        self.logins += 1
        self.token = f"token-{next(_minted)}"
        return Reply({"access_token": self.token, "token_type": "bearer", "expires_in": 86400, "scope": "*"})

    def _listing(self, request):
        found = sorted(self.visible(), key=lambda t: (t["data"]["created_utc"], t["data"]["name"]), reverse=True)[:WALL]
        names = [t["data"]["name"] for t in found]
        after, start = request.param("after"), 0
        if after:
            start = names.index(after) + 1 if after in names else len(names)  # gone: an empty listing
        page = found[start:start + min(int(request.param("limit", 25)), 100)]
        more = page and start + len(page) < len(found)
        return self.reply(self.arrange(page), page[-1]["data"]["name"] if more else None)

    def reply(self, children, after=None):
        body = {"kind": "Listing", "data": {"modhash": None, "dist": len(children), "geo_filter": "", "before": None,
                                            "children": children, "after": after}}
        return Reply(body, headers={"x-ratelimit-remaining": "996.0", "x-ratelimit-used": "4",
                                    "x-ratelimit-reset": "437"})

    def too_many(self, _):
        return Reply("<!doctype html><title>Too Many Requests</title>", 429,
                     {"Content-Type": "text/html", "retry-after": "1"})

    def unavailable(self, _):
        return Reply("", 520, {"Content-Type": "application/json; charset=UTF-8"})
