"""An HTTP server on loopback whose answers a test writes in Python.

A handler is called with each request and answers with a Reply, or with None to close the connection without a word.
Requests are recorded. HTTP/1.1 with connections kept, a thread each.
"""
import http.server
import json
import threading
import urllib.parse

from .waiting import wait_for


class Request:
    def __init__(self, method, target, headers, body, client):
        parts = urllib.parse.urlsplit(target)
        self.method, self.target, self.path, self.body = method, target, parts.path, body
        self.params = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        self.headers, self.client = headers, client

    def param(self, name, otherwise=None):
        return self.params.get(name, [otherwise])[0]

    def __repr__(self):
        return f"<{self.method} {self.target}>"


class Reply:
    """`body`: bytes, text, anything JSON has, or a function of write(bytes) for answers in pieces."""

    def __init__(self, body=b"", status=200, headers=(), length=None):
        self.status, self.headers = status, dict(headers)
        self.write = body if callable(body) else None
        if self.write:
            body = b""
        elif isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = json.dumps(body).encode()
            self.headers.setdefault("Content-Type", "application/json; charset=utf-8")
        self.body = body
        self.length = len(body) if length is None and not self.write else length


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # header and body in one segment

    def answer(self):
        size = int(self.headers.get("Content-Length") or 0)
        request = Request(self.command, self.path, self.headers, self.rfile.read(size), self.client_address)
        reply = self.server.web.take(request)
        if reply is None:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.length is not None:
            self.send_header("Content-Length", str(reply.length))
        if reply.length != len(reply.body):  # in pieces, or less than promised
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()
        if reply.write:
            def write(data):
                self.wfile.write(data)
                self.wfile.flush()
            reply.write(write)

    do_GET = do_POST = do_PUT = do_PATCH = answer

    def handle(self):
        try:
            super().handle()
        except OSError:  # the client went away: its right
            pass

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address):
        self.web.broken = True
        super().handle_error(request, client_address)


class Web:
    def __init__(self, handler, host="127.0.0.1", port=0):
        self.handler = handler
        self.requests = []
        self.news = threading.Condition()
        self.broken = False
        self.server = _Server((host, port), _Handler)
        self.server.web = self
        self.port = self.server.server_address[1]
        self.url = f"http://{host}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05},
                                       daemon=True)
        self.thread.start()

    def take(self, request):
        with self.news:
            self.requests.append(request)
            self.news.notify_all()
        return self.handler(request)

    def count(self, path="", since=0):
        with self.news:
            return sum(1 for r in self.requests[since:] if r.path.startswith(path))

    def wait_requests(self, n, seconds=10, path=""):
        wait_for(lambda: self.count(path) >= n, seconds, lambda: f"{n} requests of {path}, {self.count(path)} came",
                 every=0.005)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        assert not self.broken, "a handler of this test raised: see above"
