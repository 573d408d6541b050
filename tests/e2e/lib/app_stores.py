"""Apple's review feed (ten pages of 50, an object where there is one entry, none where there are none) and Google Play's
reviews (a service account's signed assertion for a token of an hour, then pages by token)."""
import base64
import json
import subprocess
import tempfile
import time
import urllib.parse

from .posts import now_ms
from .unruly import Unruly
from .web import Reply

APP, PACKAGE = "835599320", "com.acme.app"
PAGE = 50


def changed(p):
    return p.edited or p.at


def by_change(p):
    return changed(p), p.n


class AppStore(Unruly):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.empty = 0  # as many answers have no entries, as if there were no reviews

    def is_later(self, request):
        return "page=1/" not in request.path

    def id_of(self, post):
        return f"appstore:gb/{10_000_000_000 + post.n}"

    def source(self, name="reviews", **more):
        return {"name": name, "type": "appstore", "feed": self.url, "app": APP, "country": "gb", "interval": "30m", **more}

    @staticmethod
    def _entry(p):
        at = time.strftime("%Y-%m-%dT%H:%M:%S-07:00", time.gmtime(changed(p) // 1000 - 7 * 3600))
        return {"author": {"uri": {"label": f"https://itunes.apple.com/gb/reviews/id{p.n}"}, "name": {"label": f"user{p.n}"},
                           "label": ""}, "updated": {"label": at}, "im:rating": {"label": "1"}, "im:version": {"label": "1.2"},
                "id": {"label": str(10_000_000_000 + p.n)}, "title": {"label": "why"},
                "content": {"label": p.text, "attributes": {"type": "text"}}, "im:voteSum": {"label": "0"}}

    def answer(self, request):
        parts = dict(p.split("=") for p in request.path.split("/") if "=" in p)
        page = int(parts["page"])
        if not request.path.startswith("/gb/rss/customerreviews/") or parts["id"] != APP or page > 10:
            return Reply("CustomerReviews RSS page depth is limited to 10", 400)
        shown = self.visible(by_change)[(page - 1) * PAGE:page * PAGE]
        if self.empty:
            self.empty -= 1
            shown = []
        feed = {"author": {"name": {"label": "iTunes Store"}}, "id": {"label": "x"}, "link": [
            {"attributes": {"rel": "next", "href": "https://itunes.apple.com/gb/rss/customerreviews/xml?urlDesc=/x"}}]}
        entries = [self._entry(p) for p in self.shuffled(shown)]
        if entries:
            feed["entry"] = entries if len(entries) > 1 else entries[0]
        return Reply({"feed": feed})


def _from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class GooglePlay(Unruly):
    PAGING = {"token": None}

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.folder = tempfile.TemporaryDirectory(prefix="me2e-key-")
        self.pem = f"{self.folder.name}/key.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.pem],
                       check=True, capture_output=True)
        self.key_file = f"{self.folder.name}/service-account.json"
        with open(self.pem) as pem, open(self.key_file, "w") as out:
            self.private_key = pem.read()
            json.dump({"type": "service_account", "client_email": "m@acme.iam.gserviceaccount.com", "private_key_id": "kid1",
                       "private_key": self.private_key, "token_uri": self.url + "/token"}, out)
        self.logins, self.token = 0, None

    def close(self):
        super().close()
        self.folder.cleanup()

    def is_page(self, request):
        return request.path != "/token"

    def id_of(self, post):
        return f"googleplay:rev-{post.n}"

    def account(self):
        return {"type": "googleplay", "api": self.url, "key": f"file:{self.key_file}"}

    def source(self, name="reviews", **more):
        return {"name": name, "type": "googleplay", "account": "one", "package": PACKAGE, "interval": "15m",
                "max_pages": 100, **more}

    def _login(self, request):
        """The signature is verified by openssl itself."""
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        head, claims, signature = form["assertion"].split(".")
        with open(f"{self.folder.name}/sig", "wb") as out:
            out.write(_from_base64url(signature))
        with open(f"{self.folder.name}/pub", "w") as out:
            subprocess.run(["openssl", "pkey", "-in", self.pem, "-pubout"], stdout=out, check=True)
        verified = subprocess.run(["openssl", "dgst", "-sha256", "-verify", f"{self.folder.name}/pub", "-signature",
                                   f"{self.folder.name}/sig"], input=f"{head}.{claims}".encode(), capture_output=True)
        claims, head = json.loads(_from_base64url(claims)), json.loads(_from_base64url(head))
        good = (verified.returncode == 0 and head == {"alg": "RS256", "typ": "JWT", "kid": "kid1"}
                and claims["aud"] == self.url + "/token" and 0 < claims["exp"] - claims["iat"] <= 3600
                and abs(claims["iat"] - now_ms() // 1000) < 300
                and claims["scope"] == "https://www.googleapis.com/auth/androidpublisher"
                and form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
        if not good:
            return Reply({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        self.logins += 1
        self.token = f"ya29.token{self.logins}"
        return Reply({"access_token": self.token, "expires_in": 3599, "token_type": "Bearer"})

    @staticmethod
    def refuse(code, status, message, **more):
        return Reply({"error": {"code": code, "message": message, "status": status, **more}}, code)

    def answer(self, request):
        if request.path == "/token":
            return self._login(request)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return self.refuse(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if request.path != f"/androidpublisher/v3/applications/{PACKAGE}/reviews":
            return self.refuse(404, "NOT_FOUND", f"No application was found for the given package name.")
        start, n = int(request.param("token") or 0), min(int(request.param("maxResults", 10)), 100)
        found = [p for p in self.visible(by_change) if p.at > now_ms() - 7 * 86400_000]
        shown = found[start:start + n]
        body = {}
        if shown:
            body["reviews"] = [{"reviewId": f"rev-{p.n}", "authorName": f"user{p.n}", "comments": [{"userComment": {
                "text": "\t" + p.text, "starRating": 1, "reviewerLanguage": "en",
                "lastModified": {"seconds": str(changed(p) // 1000), "nanos": changed(p) % 1000 * 1000000}}}]}
                for p in self.shuffled(shown)]
        if start + n < len(found):
            body["tokenPagination"] = {"nextPageToken": str(start + n)}
        return Reply(body)
