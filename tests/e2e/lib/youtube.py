"""YouTube's Data API v3: search and comment threads by pages, replies by thread, and a quota of units a day."""
import html

from .busy import Busy
from .posts import iso, now_ms, text_of
from .web import Reply

KEY = "AIza&key"
CHANNEL = "UC" + "acmechannel0000000000x"


def video(n, text=None, created_ms=None):
    at = created_ms if created_ms is not None else now_ms() - 1000
    return {"kind": "youtube#searchResult", "etag": "e", "id": {"kind": "youtube#video", "videoId": f"video{n:06d}"},
            "snippet": {"publishedAt": iso(at, fraction=False), "channelId": f"UC{n:022d}",
                        "title": html.escape(text if text is not None else text_of(n)), "description": "",
                        "channelTitle": f"Channel {n}", "liveBroadcastContent": "none"}}


def comment(n, text=None, created_ms=None, parent=None, author=None):
    at = iso(created_ms if created_ms is not None else now_ms() - 1000, fraction=False)
    snippet = {"authorDisplayName": f"@user{n}", "authorChannelId": {"value": author or f"UC{n:022d}"},
               "textDisplay": text if text is not None else text_of(n), "likeCount": 0, "publishedAt": at,
               "updatedAt": at}
    if parent:
        snippet["parentId"] = parent
    return {"kind": "youtube#comment", "id": f"{parent}.r{n}" if parent else f"Ug{n:06d}", "snippet": snippet}


def error(code, reason, message):
    return Reply({"error": {"code": code, "message": message,
                            "errors": [{"message": message, "domain": "youtube.quota", "reason": reason}]}}, code)


class YouTube(Busy):
    """Videos. Replies are kept apart: thread's id -> comments."""

    def __init__(self, posts=()):
        self.replies, self.units = {}, 0
        super().__init__(posts)

    @staticmethod
    def id_of(one):
        return "youtube:" + (one["id"]["videoId"] if isinstance(one["id"], dict) else one["id"])

    def reply_to(self, thread, *new):
        self.replies.setdefault(thread["id"], []).extend(new)

    def account(self, **more):
        return {"type": "youtube", "api": self.url + "/youtube/v3", "key": "${YT_KEY}", **more}

    def source(self, name="youtube", **more):
        if "comments_of" not in more:
            more = {"query": "acme", **more}
        return {"name": name, "type": "youtube", "account": "yt", "interval": "10s", "max_pages": 1000, **more}

    # answers -------------------------------------------------------------------------------------

    def is_data(self, request):
        return not request.param("id")  # those are look-ups

    def answer(self, request):
        if request.param("key") != KEY:
            return error(400, "keyInvalid", "Bad Request")
        self.units += 100 if request.path.endswith("/search") else 1
        if request.path.endswith("/search"):
            assert request.param("type") == "video" and request.param("order") == "date"
            return self._page(request, "youtube#searchListResponse", lambda v: v, 50)
        if request.path.endswith("/commentThreads"):
            assert request.param("allThreadsRelatedToChannelId") == CHANNEL
            return self._page(request, "youtube#commentThreadListResponse", self._thread, 100)
        if request.path.endswith(("/videos", "/comments")) and request.param("id"):
            asked = request.param("id").split(",")
            assert len(asked) <= 50
            found = [p for p in self.posts if self.id_of(p).split(":")[1] in asked]
            return Reply({"items": [{"kind": "youtube#video", "id": self.id_of(p).split(":")[1]} for p in found]})
        if request.path.endswith("/comments"):
            found = self.replies.get(request.param("parentId"), [])
            return Reply({"kind": "youtube#commentListResponse", "items": found, "pageInfo": {"resultsPerPage": 100}})
        return Reply("<html>", 404)

    def _thread(self, one):
        replies = self.replies.get(one["id"], [])
        out = {"kind": "youtube#commentThread", "id": one["id"],
               "snippet": {"channelId": CHANNEL, "videoId": "video000001", "topLevelComment": one, "canReply": True,
                           "totalReplyCount": len(replies), "isPublic": True}}
        if replies:
            out["replies"] = {"comments": replies[:5]}
        return out

    def _page(self, request, kind, show, most):
        found = sorted(self.visible(), key=lambda v: (v["snippet"]["publishedAt"], self.id_of(v)), reverse=True)
        after = request.param("publishedAfter")
        if after:
            found = [v for v in found if v["snippet"]["publishedAt"] >= after]
        start = int(request.param("pageToken", "0 ").strip().removeprefix("TOKEN") or 0)
        page = found[start:start + min(int(request.param("maxResults", 5)), most)]
        body = {"kind": kind, "etag": "e", "pageInfo": {"totalResults": 1000000, "resultsPerPage": len(page)},
                "items": [show(v) for v in self.arrange(page)]}
        if start + len(page) < len(found):
            body["nextPageToken"] = f"TOKEN{start + len(page)}"
        return Reply(body)

    def quota(self, _):
        return error(403, "quotaExceeded", 'The request cannot be completed because you have exceeded your '
                                           '<a href="/youtube/v3/getting-started#quota">quota</a>.')

    def backend(self, _):
        return error(503, "backendError", "Backend Error")


class Comments(YouTube):
    @staticmethod
    def rewrite(one, text):
        one["snippet"].update(textDisplay=text, updatedAt=iso(now_ms() + 1000, fraction=False))

    def source(self, name="youtube", **more):
        return super().source(name, comments_of=CHANNEL, everything=True, **more)
