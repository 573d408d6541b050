"""Lemmy's API v3 as 0.18 and 0.19 speak it: two lists by page number, times with and without a zone, nearly every refusal
a 400, posts by token."""
import json

from .busy import Busy
from .posts import iso, now_ms, text_of
from .web import Reply

PASSWORD = "lemmy-secret"
LIMIT_MAX = 50


def view(n, kind="comment", text=None, created_ms=None, author=None):
    at = created_ms if created_ms is not None else now_ms() - 1000
    text = text if text is not None else text_of(n)
    author = author or f"user{n}"
    item = {"id": n, "creator_id": n, "removed": False, "deleted": False, "published": iso(at), "language_id": 0,
            "ap_id": f"https://l.example/{kind}/{n}", "local": True}
    post = {"id": n + 500_000, "name": "A post", "ap_id": f"https://l.example/post/{n + 500_000}", "nsfw": False}
    if kind == "comment":
        item |= {"content": text, "post_id": post["id"], "path": f"0.{n}"}
    else:
        item |= {"name": text, "nsfw": False}
        post = item
    return {kind: item, "post": post, "creator": {"id": n, "name": author, "bot_account": False,
                                                   "actor_id": f"https://l.example/u/{author}"},
            "community": {"id": 1, "name": "acme"}, "counts": {"upvotes": 1, "child_count": 0, "comments": 0}}


def mixed(n, **more):
    return view(n, "post" if n % 3 == 0 else "comment", **more)


class Lemmy(Busy):
    def __init__(self, posts=(), version="0.19"):
        self.version, self.logins, self.token = version, 0, None
        super().__init__(posts)

    @staticmethod
    def id_of(one):
        return "lemmy:" + (one.get("comment") or one["post"])["ap_id"]

    @staticmethod
    def item(one):
        return one.get("comment") or one["post"]

    def account(self, **more):
        return {"type": "lemmy", "instance": self.url, "username": "care", "password": "${LEMMY_PASSWORD}", **more}

    def source(self, name="lemmy", **more):
        if not {"query", "community", "look"} & more.keys():
            more = {"query": "acme", **more}
        return {"name": name, "type": "lemmy", "instance": self.url, "interval": "30s", "max_pages": 1000, **more}

    @classmethod
    def rewrite(cls, one, text):
        item = cls.item(one)
        item.update({"content" if "comment" in one else "name": text}, updated=iso(now_ms()))

    @classmethod
    def remove(cls, one):
        cls.item(one)["deleted"] = True

    def is_data(self, request):
        return request.method == "GET" and request.path not in ("/api/v3/comment", "/api/v3/post")

    # answers -------------------------------------------------------------------------------------

    def answer(self, request):
        if request.path == "/api/v3/user/login":
            if json.loads(request.body)["password"] != PASSWORD:
                return self.refuse("incorrect_login", 401)
            self.logins += 1
            self.token = f"jwt.{self.logins}"
            return Reply({"jwt": self.token, "registration_created": False, "verify_email_sent": False})
        if request.path == "/api/v3/user/mention" and not self._knows(request):
            return self.refuse("not_logged_in")
        if int(request.param("limit", 10)) > LIMIT_MAX:
            return self.refuse("unknown", message="Fetch limit is > 50")
        if request.path == "/api/v3/search":
            kind = "comment" if request.param("type_") == "Comments" else "post"
            return self._list(request, kind, {"type_": request.param("type_"), "communities": [], "users": []})
        if request.path in ("/api/v3/comment/list", "/api/v3/post/list"):
            if request.param("community_name") != "acme":
                return self.refuse("couldnt_find_community", 404)
            return self._list(request, "comment" if "comment" in request.path else "post", {}, by_token=True)
        if request.path in ("/api/v3/comment", "/api/v3/post"):
            return self._one(request, request.path.rsplit("/", 1)[1])
        if request.path == "/api/v3/user/mention":
            return self._list(request, "comment", {}, member="mentions")
        return self.refuse("unknown", 404)

    def _knows(self, request):
        if self.version == "0.18":
            return request.param("auth") == self.token
        return request.headers.get("Authorization") == f"Bearer {self.token}"

    def _one(self, request, kind):
        found = [v for v in self.visible() if kind in v and str(self.item(v)["id"]) == request.param("id")
                 and ("comment" in v) == (kind == "comment")]
        return Reply({kind + "_view": self._show(found[0])}) if found else self.refuse("couldnt_find_" + kind, 404)

    def _show(self, one):
        if self.version == "0.19":
            return one
        return json.loads(json.dumps(one).replace('Z"', '578"'))  # no zone

    def _list(self, request, kind, body, member=None, by_token=False):
        found = [v for v in self.visible() if (kind == "comment") == ("comment" in v)]
        found.sort(key=lambda v: (self.item(v)["published"], self.item(v)["id"]), reverse=True)
        limit, cursor = int(request.param("limit", 10)), request.param("page_cursor")
        ids = [self.item(v)["id"] for v in found]
        start = (int(request.param("page", 1)) - 1) * limit
        if cursor:
            last = int(cursor[1:], 16)
            start = ids.index(last) + 1 if last in ids else 0
        page = found[start:start + limit]
        members = {"comments": [], "posts": []} if not member else {}
        body = {**members, **body, member or kind + "s": [self._show(v) for v in self.arrange(page)]}
        if by_token and kind == "post" and page and self.version == "0.19":
            body["next_page"] = f"P{self.item(page[-1])['id']:x}"
        return Reply(body)

    def refuse(self, name, status=400, **more):
        return Reply({"error": name, **more}, status)

    def too_many(self, _):
        """A proxy in front that says how long; the server itself never does."""
        return Reply("", 429, {"Retry-After": "1"})

    def bad_gateway(self, _):
        return Reply("<html><title>502</title>", 502, {"Content-Type": "text/html"})
