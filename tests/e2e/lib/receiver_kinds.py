"""The services behind receivers.py, a class each: what they take, how they refuse, what they say when it is too much.

take(request, body) gives (key, visible text, Reply); key is None where the service does not know a retry from a new
message. Refused is what the service says no to. Lengths are counted as the service does, in the strictest reading.
"""
import base64
import hashlib
import hmac
import json
import re
import time
import urllib.parse

from . import harmless
from .harmless import Harm
from .web import Reply

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Refused(Exception):
    def __init__(self, why, reply):
        super().__init__(why)
        self.why, self.reply = why, reply


def utf16(text):
    return len(text.encode("utf-16-le")) // 2


class Kind:
    name = None
    rates = []
    secret = "s3cret"

    def __init__(self):
        self.url = None
        self.n = 0

    def variable(self):
        return f"ALERT_{self.name.upper()}"

    def config(self):
        return {"url": "${%s}" % self.variable()}

    def path(self):
        return f"/hooks/{self.secret}"

    def environment(self):
        return {self.variable(): self.url + self.path()}

    def failure(self, status, wait=None):
        """An error in the service's own form; `wait` in seconds."""
        return Reply(f"error {status}", status, {"Retry-After": str(max(1, round(wait)))} if wait is not None else {})

    def need(self, truth, why, status=400):
        if not truth:
            raise Refused(f"{self.name}: {why}", self.failure(status))

    def need_path(self, request):
        self.need(request.path == self.path(), f"asked for {request.path}", 404)

    def need_bearer(self, request):
        self.need(request.headers.get("Authorization") == f"Bearer {self.secret}", "no or another token", 401)


class Slack(Kind):
    name = "slack"
    rates = [(5, 1)]

    def failure(self, status, wait=None):
        if status == 429:
            return Reply({"retry_after": wait, "ok": False, "error": "rate_limited"}, 429,
                         {"Retry-After": str(int(wait or 0) + 1)})
        return Reply({400: "invalid_blocks", 404: "no_service", 410: "channel_is_archived"}.get(status, "rollup_error"),
                     status)

    def take(self, request, body):
        self.need_path(request)
        self.need(body.get("text"), "no text")
        self.need(not body.get("unfurl_links", True) and not body.get("unfurl_media", True), "previews")
        blocks, seen = body.get("blocks", []), [harmless.slack(body["text"])]
        self.need(len(blocks) <= 50, "over 50 blocks")
        for block in blocks:
            limit = 150 if block["type"] == "header" else 3000
            texts = [(block["text"], limit)] if "text" in block else []
            texts += [(field, 2000) for field in block.get("fields", [])]
            self.need(len(block.get("fields", [])) <= 10, "over 10 fields")
            for text, most in texts:
                self.need(1 <= len(text["text"]) <= most, f"{len(text['text'])} characters in a {block['type']}")
                seen.append(harmless.slack(text["text"]))
        self.need(sum(map(len, seen)) <= 13200, "msg_blocks_too_long")
        return None, "\n".join(seen), Reply("ok")


class Discord(Kind):
    name = "discord"
    rates = [(5, 2), (30, 60)]

    def __init__(self):
        super().__init__()
        self.by_id = {}

    def path(self):
        return f"/api/webhooks/1/{self.secret}"

    def failure(self, status, wait=None):
        if status == 429:
            return Reply({"message": "You are being rate limited.", "retry_after": wait or 0.5, "global": False}, 429,
                         {"X-RateLimit-Scope": "user"})
        code = {400: 50035, 401: 50027, 404: 10015}.get(status, 0)
        return Reply({"message": f"error {status}", "code": code}, status)

    def take(self, request, body):
        base, _, edited = request.path.partition("/messages/")
        self.need(base == self.path(), "unknown webhook", 404)
        self.need(request.param("wait") == "true", "without wait=true nobody sees that it failed")
        self.need(body.get("allowed_mentions") == {"parse": []}, "mentions are allowed")
        self.need("content" not in body or utf16(body["content"]) <= 2000, "content over 2,000")
        self.need(1 <= len(body.get("embeds", [])) <= 10, "no embed, or over 10")
        seen = [text for embed in body["embeds"] for text in self._embed(embed)]
        self.need(sum(map(utf16, seen)) <= 6000, "embeds over 6,000")
        if edited and edited not in self.by_id:
            raise Refused("unknown message", Reply({"message": "Unknown Message", "code": 10008}, 404))
        self.n += 1
        number = edited or str(1000000 + self.n)
        self.by_id[number] = body
        return None, "\n".join(map(harmless.markdown, seen)), Reply({"id": number, "type": 0})

    def _embed(self, embed):
        self.need(isinstance(embed.get("color"), int) and ISO.fullmatch(embed["timestamp"]), "colour or time")
        self.need(1 <= utf16(embed["title"]) <= 256, "title over 256")
        self.need(utf16(embed.get("description", "")) <= 4096, "description over 4,096")
        self.need(not embed.get("fields"), "fields are not expected")
        return [embed["title"], embed.get("description", "")]


class Mattermost(Kind):
    name = "mattermost"
    rates = [(100, 10)]

    def failure(self, status, wait=None):
        if status == 429:
            return Reply("limit exceeded\n", 429, {"X-RateLimit-Reset": str(max(1, round(wait or 1)))})
        word = {404: "invalid", 501: "disabled", 403: "channel_locked"}.get(status, "parse")
        status = 400 if status == 404 else status
        return Reply({"id": f"web.incoming_webhook.{word}.app_error", "message": word, "status_code": status}, status)

    def take(self, request, body):
        self.need_path(request)
        texts = [body.get("text", "")] + [a["text"] for a in body.get("attachments", [])]
        self.need(any(texts), "no text")
        self.need(all(len(text) <= 16383 for text in texts), "over 16,383")
        harmless.relayed(body["attachments"][0]["fallback"])
        return None, "\n".join(map(harmless.markdown, texts)), Reply("ok")


class Teams(Kind):
    """Answers 202 before the card is shown; a card it cannot show is only seen by a person, so it is refused here."""
    name = "teams"
    rates = [(4, 1), (60, 30)]

    def path(self):
        return "/workflows/0/triggers/manual/paths/invoke"

    def environment(self):
        return {self.variable(): f"{self.url}{self.path()}?api-version=2016-06-01&sp=%2Ftriggers&sv=1.0&sig={self.secret}"}

    def failure(self, status, wait=None):
        code = {400: "InvalidRequestContent", 401: "AuthorizationFailed", 404: "WorkflowNotFound"}.get(status, "Error")
        return Reply({"error": {"code": code, "message": "no"}}, status,
                     {"Retry-After": str(max(1, round(wait)))} if wait is not None else {})

    def take(self, request, body):
        self.need_path(request)
        self.need(request.param("sig") == self.secret, "no signature in the address", 401)
        self.need(len(request.body) <= 20000, f"{len(request.body)} bytes")
        self.need(body.get("type") == "message" and len(body["attachments"]) == 1, "no message with one card")
        attachment = body["attachments"][0]
        card = attachment["content"]
        self.need(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "no card")
        self.need(card["type"] == "AdaptiveCard" and card["version"] in ("1.2", "1.3", "1.4"), "version of the card")
        self.need(all(a["type"] == "Action.OpenUrl" and a["url"].startswith("http") for a in card.get("actions", [])),
                  "an action other than OpenUrl")
        texts = []
        for block in card["body"]:
            self.need(block["type"] in ("TextBlock", "FactSet"), f"a {block['type']}")
            texts += [block["text"]] if "text" in block else []
            texts += [f[k] for f in block.get("facts", []) for k in ("title", "value")]
        return None, "\n".join(map(harmless.markdown, texts)), Reply("", 202)


class Telegram(Kind):
    name = "telegram"
    rates = [(20, 60)]
    secret = "12345:t0ken"
    chat = "-100777"

    def __init__(self):
        super().__init__()
        self.moved_to = None  # the chat became a supergroup of this id

    def config(self):
        return {"token": "${%s}" % self.variable(), "chat": self.chat, "api": self.url}

    def environment(self):
        return {self.variable(): self.secret}

    def failure(self, status, wait=None, text=None, **parameters):
        text = text or {400: "Bad Request: chat not found", 401: "Unauthorized", 404: "Not Found",
                        403: "Forbidden: bot was kicked from the group chat"}.get(status, "Internal Server Error")
        if status == 429:
            parameters, text = {"retry_after": int(wait or 0) + 1}, f"Too Many Requests: retry after {int(wait or 0) + 1}"
        more = {"parameters": parameters} if parameters else {}
        return Reply({"ok": False, "error_code": status, "description": text, **more}, status)

    def take(self, request, body):
        self.need(request.path == f"/bot{self.secret}/sendMessage", "another token", 401)
        chat = str(body.get("chat_id"))
        if chat == self.chat and self.moved_to:
            raise Refused("moved", self.failure(400, text="Bad Request: group chat was upgraded to a supergroup chat",
                                                migrate_to_chat_id=self.moved_to))
        self.need(chat in (self.chat, str(self.moved_to)), "another chat")
        self.need(body.get("link_preview_options", {}).get("is_disabled") is True, "a preview")
        text = body["text"]
        if body.get("parse_mode") == "HTML":
            text, whole = harmless.html_text(text)
            if not whole:
                raise Refused("tags", self.failure(400, text="Bad Request: can't parse entities: unclosed start tag"))
        else:
            harmless.plain(text)
        self.need(1 <= utf16(text) <= 4096, "over 4,096")
        self.n += 1
        return None, text, Reply({"ok": True, "result": {"message_id": self.n, "chat": {"id": int(chat)}}})


class Matrix(Kind):
    name = "matrix"
    rates = [(10, 10)]
    room = "!abc:hs.example"

    def config(self):
        return {"server": self.url, "token": "${%s}" % self.variable(), "room": self.room}

    def environment(self):
        return {self.variable(): self.secret}

    def failure(self, status, wait=None):
        code = {401: "M_UNKNOWN_TOKEN", 403: "M_FORBIDDEN", 413: "M_TOO_LARGE", 429: "M_LIMIT_EXCEEDED"}
        more = {"retry_after_ms": int(1000 * wait) + 1} if wait is not None else {}
        return Reply({"errcode": code.get(status, "M_UNKNOWN"), "error": "no", **more}, status)

    def take(self, request, body):
        start = f"/_matrix/client/v3/rooms/{urllib.parse.quote(self.room, safe='')}/send/m.room.message/"
        self.need(request.method == "PUT" and request.path.startswith(start), f"{request.method} {request.path}", 404)
        self.need_bearer(request)
        self.need(len(request.body) <= 64000, "M_TOO_LARGE", 413)
        self.need(body["msgtype"] == "m.notice" and body["m.mentions"] == {}, "not a notice that mentions nobody")
        self.need(body["format"] == "org.matrix.custom.html", "format")
        harmless.plain(body["body"])
        text, whole = harmless.html_text(body["formatted_body"])
        self.need(whole, "tags")
        transaction = request.path[len(start):]
        self.need(re.fullmatch(r"[A-Za-z0-9._~-]{1,255}", transaction), "transaction")
        return transaction, text, Reply({"event_id": "$" + hashlib.sha256(transaction.encode()).hexdigest()[:20]})


class Ntfy(Kind):
    name = "ntfy"
    rates = [(60, 60)]
    topic = "acme-t0pic"

    def config(self):
        return {"server": self.url, "topic": "${%s_TOPIC}" % self.variable(), "token": "${%s}" % self.variable()}

    def environment(self):
        return {self.variable(): self.secret, self.variable() + "_TOPIC": self.topic}

    def failure(self, status, wait=None):
        code = {429: 42901, 401: 40101, 403: 40301, 413: 41303}.get(status, 100 * status + 24)
        return Reply({"code": code, "http": status, "error": "no", "link": "https://ntfy.sh/docs"}, status)

    def take(self, request, body):
        self.need(request.method == "POST" and request.path == "/", "not to the root", 404)
        self.need(len(request.body) <= 8192, "JSON over 8,192 bytes", 413)
        self.need_bearer(request)
        self.need(body.get("topic") == self.topic, "another topic", 403)
        self.need(1 <= len(body["message"].encode()) <= 4096, "message over 4,096 bytes: an attachment")
        self.need(body.get("priority") in (1, 2, 3, 4, 5) and not body.get("markdown"), "priority or markdown")
        self.need(len(body.get("actions", [])) <= 3, "over 3 actions")
        for action in body.get("actions", []):
            self.need(action["action"] == "view" and action["url"].startswith("http") and action["label"], "action")
        text = harmless.plain(body.get("title", "")) + "\n" + harmless.plain(body["message"])
        self.n += 1
        return None, text, Reply({"id": f"m{self.n}", "event": "message"})


class PagerDuty(Kind):
    """`open`: dedup keys that are triggered or acknowledged, with the last action."""
    name = "pagerduty"
    rates = [(120, 60)]
    secret = "0123456789abcdef0123456789abcdef"

    def __init__(self):
        super().__init__()
        self.open = {}

    def config(self):
        return {"routing_key": "${%s}" % self.variable(), "api": self.url + "/v2/enqueue"}

    def environment(self):
        return {self.variable(): self.secret}

    def failure(self, status, wait=None):
        return Reply({"status": "invalid event" if status < 429 else "throttle exceeded", "message": "no",
                      "errors": ["no"]}, status)

    def take(self, request, body):
        self.need(request.path == "/v2/enqueue", "path", 404)
        self.need(body.get("routing_key") == self.secret, "Invalid routing key")
        self.need(len(request.body) <= 512 * 1024, "over 512 KB", 413)
        action, key = body["event_action"], body["dedup_key"]
        self.need(action in ("trigger", "acknowledge", "resolve") and 1 <= len(key) <= 255, "action or key")
        text = key
        if action == "trigger":
            payload = body["payload"]
            self.need(1 <= len(payload["summary"]) <= 1024 and payload["source"], "summary or source")
            self.need(payload["severity"] in ("critical", "error", "warning", "info"), "severity")
            self.need(ISO.fullmatch(payload["timestamp"]), "timestamp")
            details = json.dumps(payload.get("custom_details", {}), ensure_ascii=False)
            text = harmless.relayed(payload["summary"])
            harmless.relayed(details)
            for link in body.get("links", []):
                harmless.relayed(link["text"])
        if action == "resolve":
            self.open.pop(key, None)
        elif action == "trigger" or key in self.open:
            self.open[key] = action
        return (action, key, request.body), text, Reply({"status": "success", "message": "Event processed",
                                                        "dedup_key": key}, 202)


class Alertmanager(Kind):
    """`alerts`: the newest of each set of labels."""
    name = "alertmanager"

    def __init__(self):
        super().__init__()
        self.alerts = {}

    def config(self):
        return {"url": self.url}

    def environment(self):
        return {}

    def failure(self, status, wait=None):
        return Reply(json.dumps("no"), status)

    def take(self, request, body):
        self.need(request.path == "/api/v2/alerts", "path", 404)
        self.need(isinstance(body, list) and body, "no array")
        texts = []
        for alert in body:
            labels = alert["labels"]
            self.need(labels.get("alertname") and all(isinstance(v, str) for v in labels.values()), "labels")
            self.need(all(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) for part in ("labels", "annotations")
                          for name in alert[part]), "names")
            self.need(ISO.fullmatch(alert["startsAt"]) and ISO.fullmatch(alert["endsAt"]), "times")
            self.need(alert["startsAt"] <= alert["endsAt"], "start time must be before end time")
            texts += [harmless.relayed(text) for text in [*labels.values(), *alert["annotations"].values()]]
            self.alerts[json.dumps(labels, sort_keys=True)] = alert
        same = json.dumps([[alert["labels"], alert["annotations"]] for alert in body], sort_keys=True)
        return same, "\n".join(texts), Reply("")


class Webhook(Kind):
    """Standard Webhooks. `tolerance`: seconds that a timestamp may be off; None where the test's clock is not ours."""
    name = "webhook"
    key = bytes(range(32))

    def __init__(self, tolerance=300):
        super().__init__()
        self.tolerance = tolerance

    def config(self):
        return {"url": "${%s}" % self.variable(), "secret": "${%s_SECRET}" % self.variable()}

    def environment(self):
        return {self.variable(): self.url + self.path(),
                self.variable() + "_SECRET": "whsec_" + base64.b64encode(self.key).decode()}

    def take(self, request, body):
        self.need_path(request)
        number, at = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        signed = f"{number}.{at}.".encode() + request.body
        right = "v1," + base64.b64encode(hmac.new(self.key, signed, hashlib.sha256).digest()).decode()
        self.need(number and at.isdigit(), "no id or timestamp")
        self.need(right in request.headers.get("webhook-signature", "").split(" "), "signature", 401)
        self.need(self.tolerance is None or abs(time.time() - int(at)) <= self.tolerance, "timestamp", 401)
        self.need(len(request.body) <= 20000, "over 20,000 bytes", 413)
        self.need(body["type"] and ISO.fullmatch(body["timestamp"]) and isinstance(body["data"], dict), "fields")
        if harmless.CONTROLS.search(json.dumps(body, ensure_ascii=False)):
            raise Harm("a control character")
        return number, json.dumps(body, ensure_ascii=False), Reply("", 204)


KINDS = {kind.name: kind for kind in (Slack, Discord, Mattermost, Teams, Telegram, Matrix, Ntfy, PagerDuty, Alertmanager,
                                      Webhook)}
