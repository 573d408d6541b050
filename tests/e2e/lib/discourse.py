"""A Discourse forum: /posts.json by id with `before` as releases of today read it, and its search, ten pages of 50."""
from .posts import iso
from .unruly import Unruly
from .web import Reply

PAGE, SEARCH_PAGES = 50, 10


class Discourse(Unruly):
    PAGING = {"before": None, "page": "1"}

    def id_of(self, post):
        return f"discourse:{self.url.split('//')[1]}/{1000 + post.n}"

    def source(self, name="forum", **more):
        return {"name": name, "type": "discourse", "forum": self.url, "interval": "60s", "max_pages": 100, **more}

    def answer(self, request):
        if request.path == "/posts.json":
            before = int(request.param("before") or 1 << 60)
            found = [p for p in self.visible(key=lambda p: p.n) if 1000 + p.n < before]
            return Reply({"latest_posts": self.shuffled(self._post(p) for p in found[:PAGE])})
        if request.path == "/search.json":
            return self._search(int(request.param("page", 1)))
        if request.path.startswith("/posts/"):
            found = [p for p in self.visible() if request.path == f"/posts/{1000 + p.n}.json"]
            return Reply(self._post(found[0])) if found else self.refuse(404, "not_found", "gone")
        return self.refuse(404, "not_found", "The requested URL or resource could not be found.")

    @staticmethod
    def refuse(status, kind, text, **more):
        return Reply({"errors": [text], "error_type": kind, **more}, status)

    def _search(self, page):
        if page > SEARCH_PAGES:
            return self.refuse(400, "invalid_parameters", "page")
        found = self.visible()
        shown = found[(page - 1) * PAGE:page * PAGE]
        return Reply({"posts": [self._hit(p) for p in self.shuffled(shown)],
                      "topics": [{"id": p.n, "title": f"topic {p.n}", "slug": "-"} for p in shown],
                      "users": [], "grouped_search_result": {
                          "term": "acme", "error": None, "more_full_page_results": len(found) > page * PAGE or None}})

    @staticmethod
    def _hit(post):
        return {"id": 1000 + post.n, "name": "", "username": f"user{post.n}", "created_at": iso(post.at),
                "like_count": 0, "blurb": post.text, "post_number": 2, "topic_id": post.n}

    @staticmethod
    def _post(post):
        return {"id": 1000 + post.n, "name": None, "username": f"user{post.n}", "created_at": iso(post.at),
                "updated_at": iso(post.edited or post.at), "version": 2 if post.edited else 1,
                "cooked": f"<p>{post.text}</p>", "raw": post.text, "post_number": 2, "post_type": 1,
                "topic_id": post.n, "topic_slug": "t", "topic_title": "A topic",
                "actions_summary": [], "reply_count": 0, "user_id": post.n, "hidden": False, "deleted_at": None,
                "user_deleted": False}
