"""What may stand in a message: words, and the links that we made; nothing that pings, links, previews or escapes.

Each function gives the visible text of a message in its receiver's markup, or raises Harm naming what it found.
"""
import html.parser
import re

CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
PING = re.compile(r"@[A-Za-z0-9_]")
URL = r"https?://[^\s()<>|\"]+"


class Harm(Exception):
    pass


def _words(text, original):
    for pattern, what in ((CONTROLS, "a control or direction character"), (PING, "a mention"), (re.compile("://"), "a link")):
        found = pattern.search(text)
        if found:
            around = text[max(0, found.start() - 30):found.end() + 30]
            raise Harm(f"{what} near {around!r} in {original[:80]!r}")
    return text


def plain(text):
    return _words(re.sub(rf" \({URL}\)", "", text), text)


def relayed(text):
    """Passed on to receivers with any markup."""
    if re.search(r"<[!@#/a-zA-Z]|\]\(", text):
        raise Harm(f"markup for somebody in {text[:80]!r}")
    return _words(text, text)


def slack(text):
    seen = re.sub(rf"<{URL}\|([^<>]*)>", r"\1", text)
    if "<" in seen or ">" in seen:
        raise Harm(f"markup in {text[:80]!r}")
    return _words(re.sub(r"&(amp|lt|gt);", "?", seen), text)


def markdown(text):
    seen = re.sub(rf"\[((?:\\.|[^\[\]\\])*)\]\({URL}\)", r"\1", text)
    seen = seen.replace("**", "")
    for line in seen.split("\n"):
        bare = re.sub(r"\\.", "", line)
        if re.search(r"[\[\]()`*_~|<]", bare) or re.match(r"\s*[#>]", bare):
            raise Harm(f"markup in {line[:80]!r}")
    return _words(seen, text)


class _Html(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.broken = [], "", False

    def handle_starttag(self, tag, attributes):
        if tag == "br":
            self.text += "\n"
            return
        if (tag, [name for name, _ in attributes]) not in (("b", []), ("a", ["href"])):
            raise Harm(f"<{tag} {attributes}>")
        if attributes and not re.fullmatch(URL, attributes[0][1]):
            raise Harm(f"an address {attributes[0][1]!r}")
        self.open.append(tag)

    def handle_endtag(self, tag):
        self.broken = self.broken or not self.open or self.open.pop() != tag

    def handle_data(self, data):
        self.text += data


def html_text(text):
    """Visible text and whether the markup is whole."""
    parser = _Html()
    parser.feed(text)
    parser.close()
    return _words(parser.text, text), not parser.broken and not parser.open
