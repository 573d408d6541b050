"""An API that nobody wrote a driver for: reviews newest first by page number, or oldest first behind a cursor."""
from .unruly import Unruly
from .web import Reply

PAGE = 50
KEY = "k3y"


class AnyJson(Unruly):
    PAGING = {"page": "1"}
    tombstones = False  # what was taken back is named

    @staticmethod
    def id_of(post):
        return f"shop:{post.n}"

    def source(self, name="reviews", by="page", **more):
        ways = {"page": {"url": self.url + "/reviews?page={page}&since={since}", "paging": "page"},
                "cursor": {"url": self.url + "/reviews?after={cursor}", "cursor_at": "/last"}}
        return {"name": name, "type": "json", "network": "shop", "items_at": "/items", "text_at": ["/title", "/text"],
                "time_at": "/at", "edited_at": "/edited", "gone_at": "/gone", "author_at": "/by/name",
                "headers": {"X-Key": "${SHOP_KEY}"}, "interval": "60s", "max_pages": 100, **ways[by], **more}

    def answer(self, request):
        if request.headers.get("X-Key") != KEY:
            return Reply({"error": "who are you?"}, 401)
        if "after" in request.params or "page" not in request.params:
            found = sorted((p for p in self.visible() if p.n > int(request.param("after") or -1)), key=lambda p: p.n)
            found = found[:PAGE]
            last = found[-1].n if found else request.param("after")
        else:
            page = int(request.param("page"))
            found, last = self.visible()[(page - 1) * PAGE:page * PAGE], None
        items = [{"id": p.n, "title": None, "text": p.text, "at": p.at, "edited": p.edited or None,
                  "by": {"name": f"user{p.n}"}} for p in self.shuffled(found)]
        gone = [{"id": p.n, "gone": True} for p in self.posts.values() if p.gone and self.tombstones]
        return Reply({"items": items + gone, "last": last})
