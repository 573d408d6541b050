"""Mentions that others push to us, and the HTTP server under it: what is signed is taken once and answered
when the queue has it; whatever else comes is answered clearly and costs nothing."""
import base64
import json
import os
import re
import select
import signal
import socket
import time

import pytest

from lib.pusher import PATH, SECRET, SOURCE, Answer, ids, lines, listen, request, sign, sign_standard
from lib.waiting import ROOT, Deadline, wait_for

ALIVE = {"taken": 0, "known": 1}


def push_until_taken(pusher, body, seconds=30):
    """A sender that does as it is told: 503 means again."""
    answers = []

    def try_once():
        answers.append(pusher.push(body))
        assert answers[-1].status in (200, 503), answers[-1].raw
        return answers[-1].status == 200

    wait_for(try_once, seconds, lambda: answers[-1].raw, every=0.1)
    return answers[-1].json()


@pytest.fixture
def shop(redis_site):
    daemon, pusher = listen(redis_site)
    push_until_taken(pusher, lines("first"))
    yield redis_site, daemon, pusher
    answer = pusher.push(lines("first"))  # whatever the test did: it still works
    assert answer.status == 200 and {k: answer.json()[k] for k in ALIVE} == ALIVE, answer.raw
    assert daemon.stop() == 0


def test_what_is_pushed_can_be_claimed(shop):
    site, daemon, pusher = shop
    answer = pusher.push(lines(1, 2, 3))
    assert answer.status == 200
    assert answer.json() == {"taken": 3, "known": 0, "old": 0, "ignored": 0, "n_refused": 0, "refused": []}
    site.check_exactly(ids("first", 1, 2, 3))  # at once: the answer comes after Redis has it
    claimed = site.ctl("claim", "--as", "anna", "--json")
    assert claimed.returncode == 0 and '"push:' in claimed.stdout, claimed.stderr
    again = pusher.push(lines(1, 2, 3, 4))
    assert (again.json()["taken"], again.json()["known"]) == (1, 3)
    assert site.mention_ids() == ids("first", 1, 2, 3, 4)


def test_the_example_of_the_documentation(shop):
    site, daemon, pusher = shop
    page = (ROOT / "docs" / "sources.md").read_text()
    example = re.search(r"```sh\n(body=.*?)```", page, re.S).group(1).replace("8377", str(pusher.port))
    ran = site.run("sh", "-c", example, env={"SHOP_SECRET": SECRET})
    assert json.loads(ran.stdout)["taken"] == 1, ran
    assert ids(1) <= site.mention_ids()


def test_each_bad_line_is_told_and_costs_only_itself(shop):
    site, daemon, pusher = shop
    body = (lines(1) + b"not json\n" + b'{"id": 5}\n' + b"\n" + b"\xff\xfe\x00\n" + b'{"cursor": "x"}\n'
            + b"[1]\n" + lines(2, text="acme " + "x" * 70_000) + lines(3, "4")[:-1])
    answer = pusher.push(body).json()
    assert answer["taken"] == 3 and answer["n_refused"] == 6
    assert [r["line"] for r in answer["refused"]] == [2, 3, 5, 6, 7, 8]
    assert all(r["error"] for r in answer["refused"])
    assert site.mention_ids() == ids("first", 1, 3, 4)


def test_only_who_knows_the_secret(shop):
    site, daemon, pusher = shop
    body, now = lines(1), time.time()
    good = sign(body)["Mentiond-Signature"]
    wrong = [{}, sign(body, "another secret of the same kind"), sign(lines(2)), sign(body, at=now - 400),
             sign(body, at=now + 400), {"Mentiond-Signature": ""}, {"Mentiond-Signature": "t=1"},
             {"Mentiond-Signature": good.replace("v1=", "v0=")}, {"Mentiond-Signature": good[:-1]},
             {"Mentiond-Signature": good.replace("t=", "t=-")},
             {"Mentiond-Signature": "t=" + "9" * 40 + "," + good},
             {"Mentiond-Signature": "," * 5000}, sign_standard(body, SECRET, b"other")]
    for headers in wrong:
        answer = pusher.push(body, headers=headers)
        assert answer.status == 401 and answer.json()["error"], (headers, answer.raw)
        assert SECRET.encode() not in answer.raw
    assert site.mention_ids() == ids("first")
    assert not [one for one in daemon.lines if SECRET in one]
    assert pusher.push(body, headers=sign_standard(body, SECRET, SECRET.encode())).json()["taken"] == 1


def test_standard_webhooks_and_a_secret_that_changes(redis_site):
    key = os.urandom(24)
    redis_site.env["PUSH_NEW"] = "whsec_" + base64.b64encode(key).decode()
    source = {**SOURCE, "secret": "${PUSH_NEW}", "old_secret": "${PUSH_SECRET}", "path": "/in",
              "network": "shop"}
    daemon, pusher = listen(redis_site, [source])
    wait_for(lambda: pusher.push(lines(1), path="/in").status == 200, 30)
    body = lines(2)
    assert pusher.push(body, headers=sign_standard(body, None, key), path="/in").json()["taken"] == 1
    assert redis_site.mention_ids() == {"shop:1", "shop:2"}
    assert pusher.push(body).status == 404


def test_wrong_requests_are_answered(shop):
    site, daemon, pusher = shop
    body = lines(1)
    cases = [({"method": "GET", "path": "/healthz"}, 200), ({"method": "GET", "path": "/readyz"}, 200),
             ({"method": "HEAD", "path": "/healthz"}, 200), ({"method": "GET"}, 405),
             ({"path": "/healthz"}, 405), ({"path": "/"}, 404), ({"path": PATH + "%00x"}, 400),
             ({"path": PATH.replace("shop", "%73hop"), "body": body, "headers": sign(body)}, 200),
             ({"path": PATH + "%2"}, 400), ({"path": "/" + "a" * 600}, 414), ({"path": PATH + "/../x"}, 404),
             ({"path": "http://mentiond" + PATH}, 400), ({"method": "GET", "path": "/healthz?a=b"}, 200),
             ({"headers": {"Content-Length": None}}, 411), ({"length": "12x"}, 400), ({"length": "-1"}, 400),
             ({"length": 1024 * 1024 + 1}, 413), ({"length": "9" * 30}, 400),
             ({"body": body, "headers": {"Transfer-Encoding": "chunked"}}, 400),
             ({"headers": {"Content-Length": None, "Transfer-Encoding": "chunked"}}, 411),
             ({"body": body, "headers": {"Content-Encoding": "gzip"}}, 415),
             ({"headers": {"X-Long": "y" * 20_000}}, 431),
             ({"headers": {f"X-{n}": n for n in range(80)}}, 431),
             ({"headers": {"X-Odd": "a\rb"}}, 400), ({"headers": {"X Odd": "b"}}, 400),
             ({"headers": {"X-Fold": "a\r\n b"}}, 400),
             ({"body": b"\n" * 3000, "headers": sign(b"\n" * 3000)}, 413)]
    for given, status in cases:
        answer = pusher.ask(**given)
        assert answer.status == status, (given if len(str(given)) < 300 else str(given)[:300], answer.raw)
        if status != 200:
            assert answer.json()["error"] and answer.headers["content-type"] == "application/json"
    assert pusher.ask(method="GET").headers["allow"] == "POST"
    assert pusher.ask(method="HEAD", path="/healthz").body == b""
    for raw in (b"\r\n\r\n", b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01" * 400 + b"\r\n\r\n",
                b"GET / HTTP/9\r\n\r\n",
                b"GET /healthz HTTP/1.1\n\n\r\n\r\n", os.urandom(30_000)):
        assert pusher.open().send(raw).answer().status in (400, 431, 505), raw[:40]
    assert site.mention_ids() == ids("first", 1)


def test_a_body_that_is_cut_off_too_large_or_announced(shop):
    site, daemon, pusher = shop
    body = lines(*range(100))
    cut = pusher.open().send(request(body, headers=sign(body))[:-50])
    cut.socket.shutdown(1)
    assert cut.answer().status == 400
    gone = pusher.open().send(request(body, headers=sign(body))[:-50])
    gone.socket.close()
    assert pusher.open().send(request(b"x" * (50 << 20), headers=sign(b"x"))).answer().status in (0, 413)
    polite = pusher.open().send(request(headers={**sign(body), "Expect": "100-continue"}, length=len(body)))
    assert polite.socket.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert polite.send(body).answer().json()["taken"] == 100
    assert site.mention_ids() == ids("first", *range(100))


def test_slow_clients_do_not_keep_others_waiting(shop):
    site, daemon, pusher = shop
    body = lines(1)
    whole = request(body, headers=sign(body))
    silent = [pusher.open() for _ in range(100)]
    slow = [pusher.open().send(whole[:20 + n]) for n in range(100)]
    drip, deadline = pusher.open().send(b"POST /push/acme/shop HTTP/1.1\r\nX-Long: "), Deadline(60)
    assert pusher.push(lines(2)).json()["taken"] == 1
    while not select.select([drip.socket], [], [], 0.1)[0] and not deadline.over():
        drip.send(b"y")  # each byte would start a read timeout anew
    assert drip.answer().status == 408
    assert {one.answer().status for one in slow} == {408}
    assert {one.answer().raw for one in silent} == {b""}
    assert site.mention_ids() == ids("first", 2)


def test_many_at_once(shop):
    site, daemon, pusher = shop
    bodies = [lines(n) for n in range(200)]
    open_lines = [pusher.open() for _ in bodies]
    for one, body in zip(open_lines, bodies):
        one.send(request(body, headers=sign(body)))
    answers = [one.answer() for one in open_lines]
    assert {a.status for a in answers} <= {200, 503}, {a.status for a in answers}
    for body, answer in zip(bodies, answers):
        if answer.status == 503:
            assert int(answer.headers["retry-after"]) >= 1
            push_until_taken(pusher, body)
    site.check_exactly(ids("first", *range(200)))


def test_more_connections_than_there_may_be_wait_their_turn(shop):
    site, daemon, pusher = shop
    idle = [pusher.open() for _ in range(300)]
    late = pusher.open().send(request(lines(1), headers=sign(lines(1))))
    for one in idle:
        one.socket.close()
    assert late.answer().json()["taken"] == 1


def test_redis_goes_away_and_comes_back(redis_site):
    daemon, pusher = listen(redis_site)
    push_until_taken(pusher, lines(1))
    redis_site.forget_redis()
    redis_site.server.kill()
    daemon.wait_log("redis not reachable", 30)
    answer = pusher.push(lines(2))
    assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1
    assert pusher.ask(method="GET", path="/readyz").status == 503
    assert pusher.ask(method="GET", path="/healthz").status == 200
    redis_site.server.start()
    push_until_taken(pusher, lines(2), 60)
    assert ids(2) <= redis_site.mention_ids()
    assert daemon.stop() == 0


def test_two_daemons_and_one_source(redis_site):
    first, one = listen(redis_site)
    push_until_taken(one, lines(1))
    second, two = listen(redis_site, config="two.yaml")
    answer = two.push(lines(2))
    assert answer.status == 503 and "another daemon" in answer.json()["error"]
    assert one.push(lines(2)).json()["taken"] == 1
    first.process.send_signal(signal.SIGKILL)
    push_until_taken(two, lines(2, 3), 60)
    redis_site.check_exactly(ids(1, 2, 3))


def test_a_daemon_killed_before_its_answer(redis_site):
    daemon, pusher = listen(redis_site)
    push_until_taken(pusher, lines("first"))
    body = lines(*range(1500))
    line = pusher.open().send(request(body, headers=sign(body)))
    daemon.process.send_signal(signal.SIGKILL)
    assert line.answer().status in (0, 200)
    redis_site.release_leases()
    daemon, pusher = listen(redis_site)
    push_until_taken(pusher, body, 60)
    redis_site.check_exactly(ids("first", *range(1500)))


def test_stopping_answers_what_it_has(redis_site):
    daemon, pusher = listen(redis_site)
    push_until_taken(pusher, lines("first"))
    body = lines(*range(1000))
    open_lines = [pusher.open().send(request(body, headers=sign(body))) for _ in range(5)]
    assert daemon.stop() == 0
    assert {one.answer().status for one in open_lines} <= {0, 200, 503}


def test_a_reload_keeps_the_source(shop):
    site, daemon, pusher = shop
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_log("configuration and rules reloaded", 30)
    push_until_taken(pusher, lines(1))
    site.check_exactly(ids("first", 1))


def test_wrong_configurations(site):
    site.env["PUSH_SECRET"] = SECRET
    twice = [{**SOURCE, "path": "/in"}, {**SOURCE, "name": "other", "path": "/in"}]
    for sources, http, words in (([SOURCE], {}, "needs http.listen"),
                                 ([SOURCE], {"listen": "nowhere"}, "http.listen: neither a port"),
                                 ([{**SOURCE, "path": "in?"}], {"listen": "1"}, "path is not like"),
                                 (twice, {"listen": "1"}, "is that of source 'shop'")):
        site.configure(sources, http=http)
        checked = site.mentiond("--check")
        assert checked.returncode == 2 and words in checked.stderr, checked.stderr
    site.configure([SOURCE], http={"listen": "unix:" + str(site.folder / "web.sock")})
    assert site.mentiond("--check").returncode == 0, json.dumps(site.mentiond("--check").stderr)


def test_a_unix_socket_and_one_left_behind(redis_site):
    path = str(redis_site.folder / "web.sock")
    redis_site.env["PUSH_SECRET"] = SECRET
    redis_site.configure([SOURCE], http={"listen": "unix:" + path})
    for _ in range(2):
        daemon = redis_site.listen()
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(path)
            one.sendall(request(method="GET", path="/healthz"))
            assert Answer(one.recv(4096)).status == 200
        daemon.process.kill()  # the socket stays
        daemon.process.wait()
    assert os.stat(path).st_mode & 0o777 == 0o660
