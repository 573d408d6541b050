"""A small client of Redis' protocol (RESP2) over a unix socket: enough for tests, so they need no package."""
import json
import socket


class RedisError(Exception):
    """An error reply; .word is its first word."""

    def __init__(self, text):
        super().__init__(text)
        self.text = text
        self.word = text.split(" ", 1)[0]


def encode(args):
    out = [b"*%d\r\n" % len(args)]
    for arg in args:
        data = arg if isinstance(arg, bytes) else str(arg).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(out)


class Redis:
    def __init__(self, path, timeout=30):
        self.path = str(path)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self.sock.connect(self.path)
        self.file = self.sock.makefile("rb")

    def close(self):
        self.file.close()
        self.sock.close()

    def send(self, *args):
        self.sock.sendall(encode(args))

    def call(self, *args):
        self.send(*args)
        reply = self.read()
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def fcall(self, function, key, given):
        """One function of the queue; its answer decoded, None for null."""
        reply = self.call("FCALL", function, 2, key, key + ":-", json.dumps(given))
        return None if reply is None else json.loads(reply)

    def keys(self, pattern):
        found, cursor = [], b"0"
        while True:
            cursor, some = self.call("SCAN", cursor, "MATCH", pattern, "COUNT", 5000)
            found += [k.decode() for k in some]
            if cursor == b"0":
                return sorted(set(found))

    def hash(self, key):
        flat = [v.decode() for v in self.call("HGETALL", key)]
        return dict(zip(flat[::2], flat[1::2]))

    def read(self):
        """The next reply; an error is returned, not raised."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self.file.read(size + 2)[:-2]
        size = int(rest)
        return None if size < 0 else [self.read() for _ in range(size)]
