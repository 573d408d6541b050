"""Meta's APIs: Threads (keyword search and mentions, cursors without `next`), a Facebook page (tagged by cursors, feed by
time with comments), Instagram (tags, comments on own media, hashtags). `next` URLs hold the token, as the real ones do."""
import time

from .unruly import Unruly
from .web import Reply

TOKEN, RENEWED = "THAAconfiguredtokenwithmanyletters0001", "THAArenewedtokenwithmanyletters0002"
PAGE_ID, IG_ID, HASHTAG_ID = "1928", "1784", "17843826142012701"


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(ms // 1000))


def refuse(status, code, message="", headers=(), **more):
    return Reply({"error": {"message": message or f"(#{code}) refused", "type": "OAuthException", "code": code,
                            "fbtrace_id": "A1", **more}}, status, headers)


class Graph(Unruly):
    """`kind` is the source's type, `edges` its paths: edge -> answer."""
    PAGING = {"after": None, "until": None}
    KIND = ""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.tokens = {TOKEN}
        self.renewals = 0

    def is_page(self, request):
        return "refresh" not in request.path and "ig_hashtag_search" not in request.path

    def account(self):
        return {"type": self.KIND, "api": self.url + "/v23.0", "token": "${META_TOKEN}", "id": PAGE_ID}

    def source(self, name="meta", **more):
        return {"name": name, "type": self.KIND, "account": "one", "interval": "60s", "max_pages": 100, "overlap": "1h",
                **more}

    def answer(self, request):
        token = request.param("access_token")
        if token not in self.tokens:
            return refuse(400, 190, f"Malformed access token {token}", error_subcode=463)
        if request.path == "/refresh_access_token":
            self.renewals += 1
            self.tokens.add(RENEWED)
            return Reply({"access_token": RENEWED, "token_type": "bearer", "expires_in": 5183944})
        edge = request.path.rsplit("/", 1)[1]
        answer = getattr(self, "edge_" + edge, None)
        return answer(request) if answer else refuse(400, 100, "Unsupported get request.")

    def by_cursor(self, request, shape, has_next=True):
        start, limit = int(request.param("after") or 0), int(request.param("limit", 25))
        found = self.visible()
        shown = found[start:start + limit]
        body = {"data": [shape(p) for p in self.shuffled(shown)]}
        if shown:
            body["paging"] = {"cursors": {"before": str(start), "after": str(start + len(shown))}}
        if has_next and start + limit < len(found):
            body["paging"]["next"] = f"{self.url}{request.path}?access_token={TOKEN}&limit={limit}&after={start + limit}"
        return Reply(body, headers={"X-App-Usage": '{"call_count":28,"total_time":25,"total_cputime":25}'})


class Threads(Graph):
    KIND = "threads"

    def id_of(self, post):
        return f"threads:{18_000_000_000_000_000 + post.n}"

    def account(self):
        return {"type": "threads", "api": self.url + "/v1.0", "token": "${META_TOKEN}"}

    @staticmethod
    def _post(p):
        return {"id": str(18_000_000_000_000_000 + p.n), "text": p.text, "media_type": "TEXT_POST", "username": f"user{p.n}",
                "permalink": f"https://www.threads.net/@user{p.n}/post/{p.n}", "timestamp": stamp(p.at), "is_reply": False}

    def edge_keyword_search(self, request):
        if not request.param("q") or request.param("search_type") != "RECENT":
            return refuse(400, 100, "Param q must be a string")
        return self.by_cursor(request, self._post, has_next=False)

    def edge_mentions(self, request):
        return self.by_cursor(request, self._post, has_next=False)


class Facebook(Graph):
    KIND = "facebook"

    def id_of(self, post):
        return f"facebook:{PAGE_ID}_{post.n}"

    def _post(self, p):
        return {"id": f"{PAGE_ID}_{p.n}", "message": p.text, "created_time": stamp(p.at), "updated_time": stamp(p.at),
                "permalink_url": f"https://www.facebook.com/{PAGE_ID}/posts/{p.n}", "from": {"id": f"9{p.n}", "name": "A B"},
                "comments": {"data": [], "summary": {"total_count": 0}}}

    def edge_tagged(self, request):
        return self.by_cursor(request, self._post)

    def edge_feed(self, request):
        """Paged by time; the token tells where in the second."""
        limit, until = int(request.param("limit", 25)), request.param("until")
        found = sorted(self.visible(), key=lambda p: (p.at // 1000, p.n), reverse=True)
        if until:
            place = (int(until), int(request.param("__paging_token")[4:-1]))
            found = [p for p in found if (p.at // 1000, p.n) < place]
        shown, more = found[:limit], found[limit:]
        body = {"data": [self._post(p) for p in self.shuffled(shown)]}
        if more:
            base = f"{self.url}/v23.0/{PAGE_ID}/feed?access_token={TOKEN}&limit={limit}"
            body["paging"] = {"previous": f"{base}&since={shown[0].at // 1000}&__previous=1",
                              "next": f"{base}&until={shown[-1].at // 1000}&__paging_token=enc_{shown[-1].n}%3D"}
        return Reply(body)


class Instagram(Graph):
    KIND = "instagram"

    def __init__(self, *args, login="facebook", **more):
        super().__init__(*args, **more)
        self.login = login

    def id_of(self, post):
        return f"instagram:{17_000_000_000_000_000 + post.n}"

    def account(self):
        return {**super().account(), "id": IG_ID, "login": self.login}

    @staticmethod
    def _media(p):
        return {"id": str(17_000_000_000_000_000 + p.n), "caption": p.text, "media_type": "IMAGE", "timestamp": stamp(p.at),
                "permalink": f"https://www.instagram.com/p/{p.n}/", "username": f"user{p.n}", "comments_count": 0}

    def _commented(self, p):
        """Our own picture with the post as a comment on it."""
        return {"id": str(16_000_000_000_000_000 + p.n), "timestamp": stamp(p.at - 1000), "username": "acme",
                "permalink": f"https://www.instagram.com/p/{p.n}/", "comments": {"data": [
                    {"id": str(17_000_000_000_000_000 + p.n), "text": p.text, "timestamp": stamp(p.at),
                     "username": f"user{p.n}"}]}}

    def edge_tags(self, request):
        return self.by_cursor(request, self._media)

    def edge_media(self, request):
        return self.by_cursor(request, self._commented)

    def edge_recent_media(self, request):
        if HASHTAG_ID not in request.path or request.param("user_id") != IG_ID:
            return refuse(400, 100, "The parameter user_id is required")
        return self.by_cursor(request, lambda p: {k: v for k, v in self._media(p).items() if k != "username"})

    @staticmethod
    def edge_ig_hashtag_search(request):
        return Reply({"data": [{"id": HASHTAG_ID}]})
