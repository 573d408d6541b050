"""A feed: Atom, a window of the newest entries in any order, with validators and a link to older ones; or RSS and JSON
Feed without either."""
import hashlib
import html
import json

from .posts import iso
from .unruly import Unruly
from .web import Reply

WINDOW = 80


class Feed(Unruly):
    PAGING = {"page": "1"}

    def __init__(self, *args, form="atom", validators=True, dated=True, **more):
        super().__init__(*args, **more)
        self.form, self.validators, self.dated = form, validators, dated
        self.older = True  # older items can be had
        self.tombstones = False  # what was taken back is named
        self.n_unchanged = 0

    @staticmethod
    def id_of(post):
        return f"feed:tag:forum.example,2026:{post.n}"

    def source(self, name="news", **more):
        return {"name": name, "type": "feed", "url": f"{self.url}/feed?page=1", "interval": "60s", **more}

    def answer(self, request):
        page = int(request.param("page", 1))
        listed = self.visible(key=lambda p: p.n)  # as they appeared, whatever their dates
        shown, older = listed[(page - 1) * WINDOW:page * WINDOW], self.older and len(listed) > page * WINDOW
        body = getattr(self, "_" + self.form)(self.shuffled(shown), f"?page={page + 1}" if older else None).encode()
        tag = f'W/"{hashlib.md5(repr([sorted((p.n, p.text) for p in shown), self.tombstones]).encode()).hexdigest()}"'
        if self.validators and request.headers.get("If-None-Match") == tag:
            self.n_unchanged += 1
            return Reply(status=304, headers={"ETag": tag})
        return Reply(body, headers={"Content-Type": "text/html", **({"ETag": tag} if self.validators else {})})

    def _atom(self, shown, older):
        entries = "".join(
            f'<entry><id>tag:forum.example,2026:{p.n}</id><title type="html">Re: parcels</title>'
            f'<link href="/t/{p.n}"/><author><name>user{p.n}</name></author>'
            + (f"<published>{iso(p.at)}</published>" if self.dated else "")
            + (f"<updated>{iso(p.edited)}</updated>" if p.edited else "")
            + f"<content type='html'>{html.escape(html.escape(p.text))}</content></entry>" for p in shown)
        entries += "".join(f'<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="{self.id_of(p)[5:]}" '
                           f'when="{iso(p.at)}"/>' for p in self.posts.values() if p.gone and self.tombstones)
        more = f'<link rel="next" href="{older}"/>' if older else ""
        return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>A & B</title>{more}{entries}</feed>'

    def _json(self, shown, older):
        items = [{"id": f"tag:forum.example,2026:{p.n}", "content_text": p.text, "authors": [{"name": f"user{p.n}"}],
                  **({"date_published": iso(p.at)} if self.dated else {})} for p in shown]
        return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": items,
                           **({"next_url": f"{self.url}/feed{older}"} if older else {})})
