"""Hacker News' search by Algolia: search_by_date with numericFilters, pages, and its wall: of any query only the first
1,000 hits can be had."""
import html
import re

from .posts import iso, now_ms, text_of
from .web import Reply, Web

WALL = 1000
HITS_DEFAULT, HITS_MAX = 20, 1000
FIRST_ID = 41_000_000
OPERATORS = {"<": int.__lt__, "<=": int.__le__, "=": int.__eq__, ">=": int.__ge__, ">": int.__gt__}


def comment(n, text=None, author=None, created_s=None, story=None):
    """A comment under a story of its own, unless told which: so each is a case of its own."""
    story = story or 30_000_000 + n
    at = created_s if created_s is not None else now_ms() // 1000 - 3600
    text = html.escape(text if text is not None else text_of(n)).replace("'", "&#x27;")
    author = author or f"hn{n}"
    return {"_tags": ["comment", f"author_{author}", f"story_{story}"], "author": author,
            "comment_text": text, "created_at": iso(at * 1000, fraction=False), "created_at_i": at,
            "objectID": str(FIRST_ID + n), "parent_id": story, "story_id": story,
            "story_title": "Show HN: something else", "story_url": "https://example.org/story",
            "updated_at": iso(at * 1000 + 60_000, fraction=False), "points": None,
            "_highlightResult": {"comment_text": {"fullyHighlighted": False, "matchLevel": "full",
                                                  "matchedWords": ["acme"], "value": "<em>acme</em>"}}}


def id_of(hit):
    return "hackernews:" + hit["objectID"]


class HackerNews:
    def __init__(self, hits=()):
        self.hits = list(hits)
        self.before = lambda request: None
        self.web = Web(self._answer)
        self.url = self.web.url

    def post(self, *new):
        self.hits += new

    def ids(self):
        return {id_of(h) for h in self.hits}

    def source(self, name="hn", **more):
        return {"name": name, "type": "hackernews", "api": self.url + "/api/v1", "query": "acme",
                "interval": "10s", "max_pages": 100, **more}

    def close(self):
        self.web.close()

    # answers -------------------------------------------------------------------------------------

    def _answer(self, request):
        said = self.before(request)
        if said is not None:
            return said
        if not request.path.endswith("/search_by_date"):
            return Reply({"status": 404, "error": "Not Found"}, 404)
        try:
            found = self._filter(request.param("numericFilters") or "")
        except ValueError as e:
            return Reply({"message": str(e), "status": 400}, 400)
        return Reply(self._page(request, found))

    def _filter(self, filters):
        found = sorted(self.hits, key=lambda h: (-h["created_at_i"], -int(h["objectID"])))
        for one in filter(None, filters.split(",")):
            parts = re.fullmatch(r"(created_at_i|points)(<=|>=|<|>|=)(\d+)", one)
            if not parts:
                raise ValueError(f"invalid numeric filter: {one}")
            name, operator, number = parts.groups()
            found = [h for h in found if OPERATORS[operator](h[name] or 0, int(number))]
        return found

    def _page(self, request, found):
        per_page = min(int(request.param("hitsPerPage", HITS_DEFAULT)), HITS_MAX)
        page = int(request.param("page", 0))
        reachable = found[:WALL // per_page * per_page]
        n_pages = -(-len(reachable) // per_page)
        return {"hits": reachable[page * per_page:(page + 1) * per_page], "page": page, "nbHits": len(found),
                "nbPages": n_pages, "hitsPerPage": per_page, "exhaustiveNbHits": len(found) <= WALL,
                "processingTimeMS": 3, "query": request.param("query", ""), "params": "advancedSyntax=true"}
