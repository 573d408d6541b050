"""GitHub: search of issues by REST with Link headers and the wall of 1,000 results, discussions by GraphQL, comments of a
repository by `since`."""
import calendar
import json
import re
import time

from .posts import iso, now_ms
from .unruly import Unruly
from .web import Reply

WALL = 1000
TOKEN = "github_pat_sesame"


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


class GitHub(Unruly):
    PAGING = {"page": "1"}

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.incomplete = 0  # as many searches are not finished

    def is_later(self, request):
        if request.method == "POST":
            return json.loads(request.body)["variables"]["after"] is not None
        return request.path.endswith("/issues") and super().is_later(request)

    def id_of(self, post):
        return f"github:I_{post.n}"

    def account(self):
        return {"type": "github", "api": self.url + "/api/v3", "token": "${GITHUB_TOKEN}"}

    def source(self, name="gh", **more):
        what = {} if more.get("look") == "comments" else {"query": "acme"}
        return {"name": name, "type": "github", "account": "one", "interval": "60s", "max_pages": 100, **what, **more}

    def answer(self, request):
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply({"message": "Bad credentials", "status": "401"}, 401)
        if not request.headers.get("User-Agent"):
            return Reply("Request forbidden by administrative rules. Please make sure your request has a User-Agent", 403)
        answers = {"/api/v3/search/issues": self._search, "/api/graphql": self._graphql,
                   "/api/v3/repos/acme/acme/issues/comments": self._comments}
        answer = answers.get(request.path)
        return answer(request) if answer else Reply({"message": "Not Found", "status": "404"}, 404)

    @staticmethod
    def limits(resource, limit, remaining, **more):
        return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Used": "1",
                "X-RateLimit-Reset": str(now_ms() // 1000 + 50), "X-RateLimit-Resource": resource, **more}

    def _found(self, query):
        found = self.visible(key=lambda p: (p.at // 1000, p.n))
        from_to = re.search(r"created:(?:>=)?([^. ]+)(?:\.\.(\S+))?", query)
        if from_to and from_to[1] != "*":
            found = [p for p in found if p.at // 1000 >= seconds(from_to[1])]
        if from_to and from_to[2]:
            found = [p for p in found if p.at // 1000 <= seconds(from_to[2])]
        return found

    def _search(self, request):
        found, page = self._found(request.param("q")), int(request.param("page", 1))
        per_page = int(request.param("per_page", 30))
        if "is:issue" not in request.param("q") or (page - 1) * per_page >= WALL:
            return Reply({"message": "Validation Failed", "errors": []}, 422)
        shown = found[(page - 1) * per_page:page * per_page]
        links = []
        if page * per_page < min(len(found), WALL):
            links.append(f'<{self.url}/api/v3/search/issues?q=acme&page={page + 1}>; rel="next"')
        if page > 1:
            links.append(f'<{self.url}/api/v3/search/issues?q=acme&page={page - 1}>; rel="prev"')
        headers = self.limits("search", 30, 29)
        if links:
            headers["Link"] = ", ".join(links)
        incomplete, self.incomplete = self.incomplete > 0, max(0, self.incomplete - 1)
        if incomplete:
            shown = shown[::2]
        return Reply({"total_count": len(found), "incomplete_results": incomplete,
                      "items": [self._issue(p) for p in self.shuffled(shown)]}, 200, headers)

    @staticmethod
    def _issue(post):
        at = iso(post.at, fraction=False)
        return {"node_id": f"I_{post.n}", "id": 3_000_000_000 + post.n, "number": post.n, "title": post.text,
                "body": None, "html_url": f"https://github.com/o/r/issues/{post.n}",
                "repository_url": "https://api.github.com/repos/o/r", "created_at": at, "updated_at": at, "comments": 0,
                "user": {"login": f"user{post.n}", "id": post.n, "type": "User"}, "reactions": {"total_count": 0}}

    def _graphql(self, request):
        given = json.loads(request.body)["variables"]
        found, start = self._found(given["q"]), int(given["after"] or 0)
        shown = found[start:start + given["n"]]
        nodes = [{"id": f"I_{p.n}", "number": p.n, "url": f"https://github.com/o/r/discussions/{p.n}", "title": p.text,
                  "body": "", "createdAt": iso(p.at, fraction=False), "author": {"login": f"user{p.n}", "databaseId": p.n},
                  "repository": {"nameWithOwner": "o/r"}} for p in self.shuffled(shown)]
        more = start + given["n"] < min(len(found), WALL)
        return Reply({"data": {"search": {"discussionCount": len(found), "nodes": nodes, "pageInfo": {
            "hasNextPage": more, "endCursor": str(start + len(shown)) if shown else None}},
            "rateLimit": {"limit": 5000, "cost": 1, "remaining": 4000, "resetAt": iso(now_ms() + 3600_000, False)}}},
            headers=self.limits("graphql", 5000, 4000))

    def _comments(self, request):
        since, page = seconds(request.param("since")), int(request.param("page", 1))
        found = [p for p in reversed(self.visible(lambda p: (p.edited or p.at, p.n))) if (p.edited or p.at) // 1000 >= since]
        shown = found[(page - 1) * 100:page * 100]
        return Reply([{"node_id": f"I_{p.n}", "body": p.text, "user": {"login": f"user{p.n}", "id": p.n},
                       "issue_url": f"https://api.github.com/repos/acme/acme/issues/{p.n}",
                       "html_url": f"https://github.com/acme/acme/issues/{p.n}#issuecomment-{p.n}",
                       "created_at": iso(p.at, fraction=False),
                       "updated_at": iso(p.edited or p.at, fraction=False)}
                      for p in shown], headers=self.limits("core", 5000, 4000))
