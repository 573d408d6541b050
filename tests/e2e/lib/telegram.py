"""Telegram's Bot API: updates in order, handed out until a higher offset confirms them; one asker at a time."""
from .unruly import Unruly
from .web import Reply

TOKEN = "123456:ABC-secret"
CHAT = -1001293752024
FIRST_UPDATE = 500


class Telegram(Unruly):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.confirmed = FIRST_UPDATE
        self.edits = []  # (update id, post): updates of their own

    @staticmethod
    def id_of(post):
        return f"telegram:{CHAT}/{post.n}"

    @staticmethod
    def source(name="groups", **more):
        return {"name": name, "type": "telegram", "account": "one", "interval": "10s", **more}

    def account(self):
        return {"type": "telegram", "token": "${TELEGRAM_TOKEN}", "api": self.url}

    def rewrite(self, one, text):
        super().rewrite(one, text)
        self.edits.append((FIRST_UPDATE + 10_000 + len(self.edits), one))

    @staticmethod
    def refuse(code, text, **parameters):
        body = {"ok": False, "error_code": code, "description": text}
        return Reply({**body, **({"parameters": parameters} if parameters else {})}, code)

    def is_later(self, request):
        return bool(request.param("offset"))

    def answer(self, request):
        if request.path != f"/bot{TOKEN}/getUpdates":
            return self.refuse(401, "Unauthorized")
        self.confirmed = max(self.confirmed, int(request.param("offset", 0)))
        waiting = [p for p in sorted(self.posts.values(), key=lambda p: p.n)
                   if not p.late and not p.gone and FIRST_UPDATE + p.n >= self.confirmed]
        updates = [self._update(p) for p in waiting] + [
            {"update_id": n, "edited_message": {**self._update(p)["message"], "edit_date": p.edited // 1000}}
            for n, p in self.edits if n >= self.confirmed]
        updates = updates[:int(request.param("limit", 100))]
        return Reply({"ok": True, "result": self.shuffled(updates)})

    @staticmethod
    def _update(post):
        if post.text is None:
            return {"update_id": FIRST_UPDATE + post.n, "a_kind_of_tomorrow": {"x": 1}}
        return {"update_id": FIRST_UPDATE + post.n, "message": {
            "message_id": post.n, "date": post.at // 1000, "text": post.text,
            "from": {"id": 6_000_000_000 + post.n, "is_bot": False, "first_name": f"User {post.n}"},
            "chat": {"id": CHAT, "title": "Acme users", "type": "supergroup", "username": "acme_users"}}}
