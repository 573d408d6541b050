"""X's API v2: recent search and mentions by since_id and token, in one dialect of field names, with the seven days'
wall, rate limit headers and problems in JSON."""
import random

from .posts import iso, now_ms, text_of
from .busy import Busy
from .web import Reply

EPOCH_MS = 1288834974657
DAY_MS = 24 * 3600 * 1000
TOKEN = "AAAAAAAA%2Fbearer%3D"
FIELDS = {"tweet": ("tweet.fields", "referenced_tweets", "retweet_count"),
          "post": ("post.fields", "referenced_posts", "repost_count")}


def snowflake(ms, n=0):
    return ((ms - EPOCH_MS) << 22) + n % (1 << 22)


def time_of(post_id):
    return (int(post_id) >> 22) + EPOCH_MS


def post(n, text=None, created_ms=None, author=None):
    at = created_ms if created_ms is not None else now_ms() - 1000 + n % 500
    return {"id": str(snowflake(at, n)), "text": text if text is not None else text_of(n), "created_at": iso(at),
            "author_id": author or str(2 ** 60 + n), "lang": "en", "conversation_id": str(snowflake(at, n)),
            "edit_history_post_ids": [str(snowflake(at, n))],
            "public_metrics": {"like_count": 1, "reply_count": 0, "repost_count": 0, "quote_count": 0},
            "possibly_sensitive": False}


class X(Busy):
    id_of = staticmethod(lambda p: "x:" + p["edit_history_post_ids"][0])

    def __init__(self, posts=(), dialect="post"):
        self.dialect = dialect
        self.lookups = 0
        super().__init__(posts)

    def account(self, **more):
        return {"type": "x", "api": self.url, "token": "${X_TOKEN}", **more}

    def source(self, name="x", **more):
        if "mentions_of" not in more:
            more = {"query": "acme -is:retweet", **more}
        return {"name": name, "type": "x", "account": "x", "interval": "5s", "max_pages": 1000, **more}

    @staticmethod
    def rewrite(one, text):
        """An edit is another post with the history of both."""
        one.update(id=str(snowflake(now_ms())), text=text)
        one["edit_history_post_ids"].append(one["id"])

    def is_data(self, request):
        return "/users/by/" not in request.path and request.path != "/2/tweets"

    # answers -------------------------------------------------------------------------------------

    def answer(self, request):
        if request.headers.get("Authorization") != "Bearer " + TOKEN:
            return Reply({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}, 401)
        if request.path == "/2/users/by/username/acme":
            self.lookups += 1
            return Reply({"data": {"id": "777", "name": "Acme", "username": "acme"}})
        if request.path == "/2/tweets":
            return self._by_id(request)
        if request.path in ("/2/tweets/search/recent", "/2/users/777/mentions"):
            return self._refusal(request) or self._page(request)
        return Reply("", 404)

    def invalid(self, name, value, message):
        return Reply({"errors": [{"parameters": {name: [value]}, "message": message}], "title": "Invalid Request",
                      "detail": "One or more parameters to your request was invalid.",
                      "type": "https://api.x.com/2/problems/invalid-request"}, 400)

    def _refusal(self, request):
        for dialect, (name, _, _) in FIELDS.items():
            if name in request.params and dialect != self.dialect:
                return self.invalid(name, request.param(name), f"The query parameter [{name}] is not one of [query]")
        least = snowflake(now_ms() - 7 * DAY_MS)
        since = request.param("since_id")
        if since and request.path.endswith("recent") and int(since) < least:
            return self.invalid("since_id", since, f"'since_id' must be a tweet id created after "
                                f"{iso(time_of(least))}. Please use a 'since_id' that is larger than {least}")
        if since and request.param("start_time"):
            return self.invalid("start_time", "", "at most one of start_time/since_id")
        return None

    def _page(self, request):
        limit = int(request.param("max_results", 10))
        since, start, token = request.param("since_id"), request.param("start_time"), request.param("pagination_token")
        found = sorted(self.visible(), key=lambda p: int(p["id"]), reverse=True)
        if since:
            found = [p for p in found if int(p["id"]) > int(since)]
        if start:
            found = [p for p in found if p["created_at"] >= start]
        if token:
            found = [p for p in found if int(p["id"]) < int(token[1:], 36)]
        page = found[:limit]
        if not page:
            return self.reply({"meta": {"result_count": 0}})
        meta = {"newest_id": page[0]["id"], "oldest_id": page[-1]["id"], "result_count": len(page)}
        if len(found) > limit:
            meta["next_token"] = "n" + base36(int(page[-1]["id"]))
        return self.reply({"data": self.arrange(page), "includes": {"users": users_of(page)}, "meta": meta})

    def _by_id(self, request):
        ids = request.param("ids").split(",")
        found = [p for p in self.posts if set(p["edit_history_post_ids"]) & set(ids)]
        missing = set(ids) - {i for p in found for i in p["edit_history_post_ids"]}
        body = {"data": found} if found else {}
        if missing:
            body["errors"] = [{"value": i, "detail": f"Could not find tweet with ids: [{i}].",
                               "title": "Not Found Error",
                               "resource_type": "tweet", "parameter": "ids", "resource_id": i,
                               "type": "https://api.x.com/2/problems/resource-not-found"} for i in missing]
        return self.reply(body)

    def reply(self, body, status=200, remaining=449, reset_in=900):
        return Reply(body, status, {"x-rate-limit-limit": "450", "x-rate-limit-remaining": str(remaining),
                                    "x-rate-limit-reset": str(now_ms() // 1000 + reset_in)})

    def too_many(self, _):
        return self.reply({"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank",
                           "status": 429}, 429, 0, 1)

    def no_credits(self, _):
        return Reply({"account_id": 1553086854915936256, "title": "CreditsDepleted",
                      "detail": "Your enrolled account [1553086854915936256] does not have any credits to fulfill this "
                                "request.", "type": "https://api.twitter.com/2/problems/credits"}, 402)


def users_of(page):
    """All but some authors, who are suspended."""
    return [{"id": p["author_id"], "username": "u" + p["author_id"][-6:], "name": "U", "verified": False,
             "public_metrics": {"followers_count": random.randrange(1000)}}
            for p in page if int(p["author_id"]) % 7]


def base36(number):
    digits = ""
    while number:
        number, at = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[at] + digits
    return digits
