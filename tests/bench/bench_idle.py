#!/usr/bin/python3
"""What an idle mentiond costs: its resident memory with the shipped configuration, mapping by mapping.

    bench_idle.py [--build build] [--rules PATH] [--limit-mb 14]

The real program, config.yaml as shipped, a Redis of its own on a unix socket. Only the networks are moved: mastodon and
Hacker News are a TLS server on loopback, which answers full pages. Its certificate is trusted besides the system's: in
a mount namespace where that may be made, else by http.ca_file. Measured when every source has had a successful poll,
and again when what those posts made it compile has been let go of (or as soon as the limit is met). Its environment is
that of the systemd unit. Exit 1 when the resident set is over the limit then.
"""
import argparse
import collections
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM_CERTS = pathlib.Path("/etc/ssl/certs")
WAIT_SECONDS = 60
QUIET_SECONDS = 130  # twice RULESET_REST_MS and some


def mastodon_page():
    account = {"acct": "jo@social.example", "username": "jo", "display_name": "Jo", "note": "<p>Hi</p>" * 20,
               "uri": "https://social.example/users/jo", "followers_count": 12, "fields": [], "emojis": [],
               "created_at": "2019-04-01T00:00:00.000Z"}
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return [{"id": str(1150000 - i), "created_at": now, "visibility": "public", "language": "en",
             "uri": f"https://social.example/statuses/{i}", "url": f"https://social.example/@jo/{i}",
             "content": f"<p>Post {i}: the acme app keeps crashing &amp; I can&#39;t log in</p>",
             "account": dict(account, id=str(i)), "mentions": [], "tags": [], "media_attachments": []}
            for i in range(40)]


def hackernews_page():
    now = int(time.time())
    hits = [{"objectID": str(1000 + i), "created_at_i": now - i, "author": "jo", "_tags": ["comment"],
             "comment_text": f"<p>acme number {i}</p>", "story_title": "Acme"} for i in range(100)]
    return {"hits": hits, "nbHits": 100, "page": 0, "nbPages": 1, "hitsPerPage": 100}


class Networks(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802, the name is http.server's
        url = urllib.parse.urlsplit(self.path)
        asked = urllib.parse.parse_qs(url.query)
        if url.path.startswith("/hn"):
            page = hackernews_page()
        else:
            page = [] if "max_id" in asked or "min_id" in asked else mastodon_page()
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def start_networks(folder):
    """The TLS server; returns its port. `folder`/certs is what mentiond is to trust."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem",
                    "-out", folder / "cert.pem"], check=True, capture_output=True)
    shutil.copytree(SYSTEM_CERTS, folder / "certs")
    name = subprocess.run(["openssl", "x509", "-noout", "-hash", "-in", folder / "cert.pem"], check=True,
                          capture_output=True, text=True).stdout.strip()
    shutil.copy(folder / "cert.pem", folder / "certs" / f"{name}.0")
    with open(folder / "certs/ca-certificates.crt", "a") as bundle:
        bundle.write((folder / "cert.pem").read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Networks)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def may_mount():
    return subprocess.run(["unshare", "-r", "-m", "mount", "--bind", "/etc/ssl", "/etc/ssl"], check=False,
                          capture_output=True).returncode == 0


def write_config(folder, port, rules, own_trust):
    """config.yaml with nothing changed but where things are."""
    text = (ROOT / "config.yaml").read_text()
    moved = [
        ("url: embedded", f"url: unix://{folder}/redis.sock"),
        ("state_dir: ./state", f"state_dir: {folder}/state"),
        ("rules: [rules]", f'rules: ["{rules}"]'),
        ("path: docs/demo.jsonl", f"path: {ROOT}/docs/demo.jsonl"),
        ("  allow_private: false ", "  allow_private: true "),
        ("instance: https://mastodon.social", f"instance: https://localhost:{port}"),
        ("type: hackernews", f"type: hackernews\n        api: https://localhost:{port}/hn"),
    ]
    if not own_trust:
        moved.append(("  # ca_file: ca.pem ", f"  ca_file: {folder}/certs/ca-certificates.crt "))
    for old, new in moved:
        if old not in text:
            sys.exit(f"bench_idle: config.yaml has no '{old}' any more")
        text = text.replace(old, new, 1)
    (folder / "config.yaml").write_text(text)
    (folder / "places").symlink_to(ROOT / "places")


def redis(folder, *command):
    return subprocess.run(["redis-cli", "-s", folder / "redis.sock", *command], capture_output=True,
                          text=True, check=False).stdout


def wait_until(what, condition):
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench_idle: {what} did not happen within {WAIT_SECONDS} s")
        time.sleep(0.05)


def all_polled(folder):
    """True when every source of the configuration says that its last poll went well."""
    values = redis(folder, "HVALS", "mentiond:{@ops}:sources").split("\n")
    health = [json.loads(v) for v in values if v]
    wrong = [h["error"] for h in health if h["error"]]
    if wrong:
        sys.exit(f"bench_idle: a poll failed: {wrong[0]}")
    return len(health) == 3 and all(h["last_success"] > 0 for h in health)


def mappings(pid):
    """kB of Rss, Pss and private dirty memory by what is mapped."""
    sums, name = collections.defaultdict(lambda: collections.Counter()), None
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)", line)
        field = re.match(r"(Rss|Pss|Private_Dirty): +(\d+) kB", line)
        if head and not line.split()[0].endswith(":"):
            name = os.path.basename(head[1]) or "[anonymous]"
        elif field:
            sums[name][field[1]] += int(field[2])
    return sums


def resident_kb(pid):
    return sum(s["Rss"] for s in mappings(pid).values())


def report(pid, limit_mb):
    sums = mappings(pid)
    total = sum(sums.values(), collections.Counter())
    print(f"{'kB of idle mentiond':30} {'Rss':>8} {'Pss':>8} {'private dirty':>14}")
    for name, s in sorted(sums.items(), key=lambda item: -item[1]["Rss"])[:16]:
        print(f"{name:30} {s['Rss']:8} {s['Pss']:8} {s['Private_Dirty']:14}")
    print(f"{'all':30} {total['Rss']:8} {total['Pss']:8} {total['Private_Dirty']:14}")
    print(f"\nidle resident set: {total['Rss'] / 1024:.1f} MB (limit {limit_mb} MB), of it not shared with "
          f"other programs: {total['Private_Dirty'] / 1024:.1f} MB")
    return total["Rss"] <= limit_mb * 1024


def unit_environment():
    """The Environment= lines of the systemd unit."""
    unit = (ROOT / "daemon/mentiond.service.in").read_text()
    return dict(line.split("=", 1) for line in re.findall(r"^Environment=(.+)$", unit, re.M))


def start_mentiond(folder, build, own_trust):
    command = [ROOT / build / "daemon/mentiond", "--config", folder / "config.yaml"]
    if own_trust:
        command = ["unshare", "-r", "-m", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"',
                   folder / "certs", SYSTEM_CERTS, *command]
    return subprocess.Popen(command, stderr=open(folder / "log", "w"), env=os.environ | unit_environment())


def measure(folder, args, children):
    own_trust = may_mount()
    write_config(folder, start_networks(folder), args.rules, own_trust)
    children.append(subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", folder / "redis.sock", "--save", "", "--dir", folder,
         "--maxmemory-policy", "noeviction"], stdout=subprocess.DEVNULL))
    wait_until("redis-server's answer", lambda: redis(folder, "PING") == "PONG\n")
    daemon = start_mentiond(folder, args.build, own_trust)
    children.append(daemon)

    def idle():
        if daemon.poll() is not None:
            sys.exit(f"bench_idle: mentiond ended:\n{(folder / 'log').read_text()}")
        return all_polled(folder)

    wait_until("a good poll of every source", idle)
    print(f"when every source has been polled: {resident_kb(daemon.pid) / 1024:.1f} MB\n")
    end = time.monotonic() + QUIET_SECONDS
    while resident_kb(daemon.pid) > args.limit_mb * 1024 and time.monotonic() < end:
        time.sleep(0.5)
    return report(daemon.pid, args.limit_mb)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--build", default="build")
    args.add_argument("--rules", default=ROOT / "rules")
    args.add_argument("--limit-mb", type=float, default=14)
    args = args.parse_args()
    children = []
    with tempfile.TemporaryDirectory(prefix="bench_idle.") as name:
        try:
            good = measure(pathlib.Path(name), args, children)
        finally:
            for child in reversed(children):
                child.send_signal(signal.SIGTERM)
                child.wait(timeout=30)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
