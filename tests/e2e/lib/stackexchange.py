"""Stack Exchange's API 2.3: every answer compressed, `backoff` inside of good ones, refusals with status 400."""
import gzip
import html
import json

from .busy import Busy
from .posts import now_ms, text_of
from .web import Reply

QUOTA = 10000


def question(n, text=None, created_ms=None):
    at = (created_ms if created_ms is not None else now_ms() - 1000) // 1000
    text = text if text is not None else text_of(n)
    return {"tags": ["acme"], "is_answered": False, "view_count": 3, "answer_count": 0, "score": 0,
            "owner": {"account_id": n + 9, "user_id": n + 1, "user_type": "registered", "display_name": f"User {n}"},
            "creation_date": at, "last_activity_date": at, "question_id": n + 77_000_000,
            "link": f"https://stackoverflow.com/questions/{n + 77_000_000}/x", "title": html.escape(text),
            "body": f"<p>{html.escape(text)}</p>"}


class StackExchange(Busy):
    def __init__(self, posts=()):
        self.calls = 0
        self.backoffs = {}   # number of call -> seconds
        self.forbidden = {}  # path -> until when, ms
        self.violations = 0
        super().__init__(posts)

    @staticmethod
    def id_of(one):
        return f"stackexchange:stackoverflow/q/{one['question_id']}"

    def source(self, name="so", **more):
        return {"name": name, "type": "stackexchange", "api": self.url + "/2.3", "site": "stackoverflow",
                "query": "acme", "interval": "1m", "max_pages": 1000, **more}

    @staticmethod
    def rewrite(one, text):
        one.update(title=html.escape(text), body=f"<p>{html.escape(text)}</p>", last_edit_date=now_ms() // 1000)

    def is_data(self, request):
        return not request.path.startswith("/2.3/questions/")

    # answers -------------------------------------------------------------------------------------

    def answer(self, request):
        self.calls += 1
        if request.param("site") != "stackoverflow":
            return self.refuse(400, "bad_parameter", "site is required")
        if now_ms() < self.forbidden.get(request.path, 0):
            self.violations += 1
            return self.refuse(502, "throttle_violation", "Violation of backoff parameter")
        if request.path.startswith("/2.3/questions/"):
            asked = request.path.rsplit("/", 1)[1].split(";")
            return self.zipped({"items": [q for q in self.posts if str(q["question_id"]) in asked], "has_more": False,
                                "quota_max": QUOTA, "quota_remaining": QUOTA - self.calls})
        if request.path != "/2.3/search/advanced":
            return self.refuse(404, "no_method", "no method found with this name")
        return self._page(request)

    def _page(self, request):
        found = [q for q in self.visible() if q["creation_date"] >= int(request.param("fromdate", 0))]
        found.sort(key=lambda q: (q["creation_date"], q["question_id"]), reverse=True)
        size = int(request.param("pagesize", 30))
        start = (int(request.param("page", 1)) - 1) * size
        body = {"items": self.arrange(found[start:start + size]), "has_more": start + size < len(found),
                "quota_max": QUOTA, "quota_remaining": QUOTA - self.calls}
        if self.calls in self.backoffs:
            body["backoff"] = self.backoffs[self.calls]
            self.forbidden[request.path] = now_ms() + body["backoff"] * 1000
        return self.zipped(body)

    @staticmethod
    def zipped(body, status=200):
        return Reply(gzip.compress(json.dumps(body).encode()), status,
                     {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"})

    def refuse(self, error_id, name, message, status=400):
        return self.zipped({"error_id": error_id, "error_name": name, "error_message": message}, status)

    def throttled(self, _):
        return self.refuse(502, "throttle_violation",
                           "too many requests from this IP, more requests available in 1 seconds")
