"""A Discord channel: snowflakes, newest first, `before`; single messages; 429 with fractions of seconds."""
from .posts import iso, now_ms
from .unruly import Unruly
from .web import Reply

TOKEN = "d1scord.t0ken"
GUILD, CHANNEL = "10", "20"
PAGE = 100


class Discord(Unruly):
    PAGING = {"before": None}

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.base = (now_ms() - 7200_000 - 1420070400000) << 22
        self.edited = {}

    def rewrite(self, one, text):
        self.edited[one.n] = text

    def number(self, post):
        return str(self.base + post.n)

    def id_of(self, post):
        return "discord:" + self.number(post)

    @staticmethod
    def source(name="help", **more):
        return {"name": name, "type": "discord", "account": "one", "guild": GUILD, "channel": CHANNEL,
                "interval": "10s", **more}

    def account(self):
        return {"type": "discord", "token": "${DISCORD_TOKEN}", "api": self.url + "/api/v10"}

    @staticmethod
    def refuse(status, code, text, **more):
        return Reply({"message": text, "code": code, **more}, status)

    def is_page(self, request):
        return request.path.endswith("/messages")

    def answer(self, request):
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            return self.refuse(401, 0, "401: Unauthorized")
        if not request.headers.get("User-Agent", "").startswith("DiscordBot (http"):
            return Reply("<html>error code: 1010</html>", 403)
        path = f"/api/v10/channels/{CHANNEL}/messages"
        listed = self.visible(key=lambda p: p.n)
        if request.path.startswith(path + "/"):
            found = [p for p in listed if path + "/" + self.number(p) == request.path]
            return Reply(self._message(found[0])) if found else self.refuse(404, 10008, "Unknown Message")
        if request.path != path:
            return self.refuse(404, 10003, "Unknown Channel")
        before = int(request.param("before") or 1 << 62)
        found = [p for p in listed if int(self.number(p)) < before][:int(request.param("limit", 50))]
        return Reply([self._message(p) for p in self.shuffled(found)],
                     headers={"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "4", "X-RateLimit-Reset-After": "1.000",
                              "X-RateLimit-Bucket": "abcd"})

    def _message(self, post):
        return {"id": self.number(post), "channel_id": CHANNEL, "type": 0, "content": self.edited.get(post.n, post.text),
                "timestamp": iso(post.at), "mentions": [], "embeds": [], "attachments": [],
                "edited_timestamp": iso(now_ms()) if post.n in self.edited else None,
                "author": {"id": str(5_000_000_000_000_000 + post.n), "username": f"user{post.n}", "global_name": None}}
