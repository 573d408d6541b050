"""A Bluesky account server: sessions that expire with HTTP 400 ExpiredToken, and searchPosts, newest first."""
import json

from .posts import iso, now_ms, text_of
from .web import Reply, Web

LIMIT_DEFAULT, LIMIT_MAX = 25, 100
IDENTIFIER, PASSWORD = "acme-care.bsky.example", "abcd-efgh-ijkl-mnop"
OWN_DID = "did:plc:acmecare"


def post(n, text=None, author=None, created_ms=None, langs=("en",)):
    author = author or f"user{n}.bsky.example"
    did = f"did:plc:{author.split('.')[0]}"
    at = created_ms if created_ms is not None else now_ms() - 60_000 + n % 1000
    return {
        "uri": f"at://{did}/app.bsky.feed.post/3l{n:011d}", "cid": f"bafyrei{n:050d}",
        "author": {"did": did, "handle": author, "displayName": author.split(".")[0].title(),
                   "viewer": {"muted": False, "blockedBy": False}, "labels": [],
                   "createdAt": "2024-05-01T10:00:00.000Z"},
        "record": {"$type": "app.bsky.feed.post", "createdAt": iso(at), "langs": list(langs),
                   "text": text if text is not None else text_of(n)},
        "replyCount": 0, "repostCount": 1, "likeCount": 2, "quoteCount": 0, "bookmarkCount": 0,
        "indexedAt": iso(at + 800), "viewer": {"threadMuted": False, "embeddingDisabled": False}, "labels": []}


def id_of(one):
    return "bluesky:" + one["uri"]


class Bluesky:
    def __init__(self, posts=()):
        self.posts = list(posts)
        self.logins = self.refreshes = self.searches = 0
        self.n_tokens = 0
        self.access = self.refresh = None
        self.before = lambda request: None
        self.web = Web(self._answer)
        self.url = self.web.url

    def post(self, *new):
        self.posts += new

    def delete(self, one):
        self.posts.remove(one)

    def ids(self):
        return {id_of(p) for p in self.posts}

    def expire(self):
        """The access token is over from now on; the refresh token still works."""
        self.access = None

    def account(self):
        return {"type": "bluesky", "service": self.url, "identifier": IDENTIFIER, "password": "${BSKY_PASSWORD}"}

    @staticmethod
    def source(name="search", **more):
        return {"name": name, "type": "bluesky", "account": "bsky", "query": "acme", "interval": "10s",
                "max_pages": 100, **more}

    @staticmethod
    def mentions_source(name="mentions", **more):
        return {"name": name, "type": "bluesky", "account": "bsky", "look": "mentions", "interval": "10s",
                "max_pages": 100, **more}

    def close(self):
        self.web.close()

    # answers -------------------------------------------------------------------------------------

    def _answer(self, request):
        said = self.before(request)
        if said is not None:
            return said
        answers = {"/xrpc/com.atproto.server.createSession": self._create,
                   "/xrpc/com.atproto.server.refreshSession": self._refresh,
                   "/xrpc/app.bsky.feed.searchPosts": self._search,
                   "/xrpc/app.bsky.feed.getPosts": self._by_uri,
                   "/xrpc/app.bsky.notification.listNotifications": self._notifications}
        answer = answers.get(request.path)
        if not answer:
            return self._error(501, "MethodNotImplemented", "Method Not Implemented")
        return answer(request)

    @staticmethod
    def _error(status, name, text):
        return Reply({"error": name, "message": text}, status)

    def _session(self):
        self.n_tokens += 1
        self.access, self.refresh = f"access-{self.n_tokens}", f"refresh-{self.n_tokens}"
        return Reply({"accessJwt": self.access, "refreshJwt": self.refresh, "handle": IDENTIFIER,
                      "did": OWN_DID, "email": "care@acme.example", "emailConfirmed": True, "active": True})

    def _create(self, request):
        given = json.loads(request.body)
        self.logins += 1
        if (given.get("identifier"), given.get("password")) != (IDENTIFIER, PASSWORD):
            return self._error(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    def _refresh(self, request):
        if request.body or request.headers.get("Authorization") != f"Bearer {self.refresh}":
            return self._error(400, "InvalidToken", "Token could not be verified")
        self.refreshes += 1
        return self._session()

    def _refusal(self, request):
        token = request.headers.get("Authorization")
        if not token:
            return self._error(401, "AuthMissing", "Authentication Required")
        if token != f"Bearer {self.access}":
            return self._error(400, "ExpiredToken", "Token has expired")
        return None

    def _notifications(self, request):
        """By indexing time; the reasons are chosen after a page is cut, so that one may be empty and not the last."""
        refusal = self._refusal(request)
        if refusal:
            return refusal
        limit, cursor = int(request.param("limit", 50)), request.param("cursor")
        found = sorted(self.posts, key=lambda p: p["indexedAt"], reverse=True)
        found = [p for p in found if not cursor or p["indexedAt"] < cursor]
        page = [{**{k: p[k] for k in ("uri", "cid", "author", "record", "indexedAt", "labels")}, "isRead": False,
                 "reason": p.get("reason", "like")} for p in found[:limit]]
        body = {"notifications": [n for n in page if n["reason"] in request.params.get("reasons", [n["reason"]])],
                "priority": False}
        if len(found) > limit:
            body["cursor"] = page[-1]["indexedAt"]
        return Reply(body)

    def _by_uri(self, request):
        """What is not there any more is left out."""
        asked = request.params["uris"]
        assert len(asked) <= 25
        return self._refusal(request) or Reply({"posts": [p for p in self.posts if p["uri"] in asked]})

    def _search(self, request):
        refusal = self._refusal(request)
        if refusal:
            return refusal
        self.searches += 1
        limit = min(int(request.param("limit", LIMIT_DEFAULT)), LIMIT_MAX)
        start = int(request.param("cursor") or 0)
        found = sorted(self.posts, key=lambda p: (p["record"]["createdAt"], p["uri"]), reverse=True)
        since, until = request.param("since"), request.param("until")
        found = [p for p in found if (not since or p["record"]["createdAt"] >= since)
                 and (not until or p["record"]["createdAt"] < until)]
        body = {"posts": found[start:start + limit], "hitsTotal": len(found)}
        if start + limit < len(found):
            body["cursor"] = str(start + limit)
        return Reply(body, headers={"RateLimit-Limit": "3000", "RateLimit-Remaining": "2990",
                                    "RateLimit-Reset": str(now_ms() // 1000 + 290),
                                    "RateLimit-Policy": "3000;w=300"})
