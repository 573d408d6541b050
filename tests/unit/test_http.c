/* The HTTP client against scripted servers on loopback: good, ugly and hostile answers, redirects,
 * limits, TLS. */
#include "net_fixture.h"

#include "mentiond/http.h"
#include "net/http_trust.h"

#define BODY_MAX (1024 * 1024)

enum ending { KEEP_OPEN, CLOSE, DRIP, FLOOD, SILENT };

/* What the server says to GET <path>. "%d" in a reply is the port of the other server. */
struct script {
    const char *path;
    enum ending ending;
    const char *reply;
    size_t len; /* 0: strlen */
};

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

static char gzip_bomb[400000], gzip_small[256], many_headers[16384], big_headers[70000],
    big_line[200000];

static struct script scripts[] = {
    {.path = "/ok", .reply = OK_HEAD "Content-Length: 2\r\nX-A: 1\r\nx-a:  2 \r\nEmpty:\r\n\r\nhi"},
    {.path = "/429",
     .reply = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 87\r\n"
              "X-RateLimit-Remaining: 0\r\nContent-Length: 4\r\n\r\nslow"},
    {.path = "/html",
     .reply = "HTTP/1.1 503 Unavailable\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n"
              "<html>no</html>"},
    {.path = "/continue",
     .reply = "HTTP/1.1 100 Continue\r\nX-A: no\r\n\r\n" OK_HEAD "Content-Length: 2\r\n\r\nhi"},
    {.path = "/trailer",
     .reply = OK_HEAD "Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n"
                      "2\r\nhi\r\n0\r\nX-A: late\r\n\r\n"},
    {.path = "/empty", .reply = "HTTP/1.1 204 No Content\r\n\r\n"},
    {.path = "/cut", .ending = CLOSE, .reply = OK_HEAD "Content-Length: 2000\r\n\r\nonly this"},
    {.path = "/cut-chunked",
     .ending = CLOSE,
     .reply = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
                      "400\r\nonly this"},
    {.path = "/cut-headers", .ending = CLOSE, .reply = OK_HEAD "Content-Le"},
    {.path = "/closed", .ending = CLOSE, .reply = ""},
    {.path = "/garbage", .ending = CLOSE, .reply = "\x16\x03\x01 SSH-2.0-OpenSSH_9.2\r\n\r\n"},
    {.path = "/status-999", .reply = "HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/bad-gzip",
     .reply = OK_HEAD "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhaha"},
    {.path = "/gzip", .reply = gzip_small},
    {.path = "/bomb", .ending = CLOSE, .reply = gzip_bomb},
    {.path = "/announced-50mb", .reply = OK_HEAD "Content-Length: 52428800\r\n\r\nx"},
    {.path = "/flood", .ending = FLOOD, .reply = OK_HEAD "\r\n"},
    {.path = "/many-headers", .reply = many_headers},
    {.path = "/big-headers", .reply = big_headers},
    {.path = "/big-line", .reply = big_line},
    {.path = "/drip", .ending = DRIP, .reply = OK_HEAD "Content-Length: 2000\r\n\r\n"},
    {.path = "/silent", .ending = SILENT, .reply = ""},
    {.path = "/to-ok",
     .reply = "HTTP/1.1 302 Found\r\nLocation: ok\r\nContent-Length: 3\r\n\r\nold"},
    {.path = "/to-other",
     .reply = "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:%d/ok?x=1#y\r\n"
              "Content-Length: 0\r\n\r\n"},
    {.path = "/to-other-user",
     .reply = "HTTP/1.1 301 Moved\r\nLocation: http://eve:pw@127.0.0.1:%d/ok\r\n"
              "Content-Length: 0\r\n\r\n"},
    {.path = "/loop",
     .reply = "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/to-ftp",
     .reply = "HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/to-file",
     .reply = "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/to-nothing",
     .reply = "HTTP/1.1 302 Found\r\nLocation: http://\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/no-location", .reply = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"},
};

struct fixture {
    struct event_base *base;
    struct http_client *client;
    struct peer server, other;
    char request[8192], other_request[8192]; /* the last one each server got */
    char dir[64];
    struct event *drip;
    bool guarded, let; /* only public addresses; but for this request */
};

struct outcome {
    struct fixture *f;
    unsigned n;
    int status;
    char body[256];
    size_t body_len, n_headers;
    char header[64]; /* X-A */
    char retry_after[64];
    struct error err;
};

/* ---- the servers ---------------------------------------------------------------------------- */

static void on_drip(evutil_socket_t fd, short what, void *user)
{
    struct bufferevent *bev = user;

    (void)fd;
    (void)what;
    bufferevent_write(bev, "x", 1);
}

static void on_flood(struct bufferevent *bev, void *user)
{
    static const char block[65536];

    (void)user;
    bufferevent_write(bev, block, sizeof block);
}

static void script_play(struct fixture *f, struct peer *peer, struct bufferevent *bev,
                        const struct script *script)
{
    const struct timeval tick = {.tv_usec = 20000};
    struct evbuffer *output = bufferevent_get_output(bev);

    if (strstr(script->reply, ":%d/"))
        evbuffer_add_printf(output, script->reply, f->other.port);
    else
        bufferevent_write(bev, script->reply, script->len ? script->len : strlen(script->reply));
    if (script->ending == CLOSE)
        peer_close(peer, bev);
    if (script->ending == FLOOD)
        bufferevent_setcb(bev, NULL, on_flood, peer_on_event, peer);
    if (script->ending == DRIP) {
        f->drip = event_new(f->base, -1, EV_PERSIST, on_drip, bev);
        event_add(f->drip, &tick);
    }
}

static void on_request(struct peer *peer, struct bufferevent *bev)
{
    struct fixture *f = peer->user;
    char *request = peer == &f->server ? f->request : f->other_request;
    struct evbuffer *input = bufferevent_get_input(bev);
    size_t len = evbuffer_get_length(input);
    char *path, *end;

    if (evbuffer_search(input, "\r\n\r\n", 4, NULL).pos < 0)
        return;
    assert_true(len < sizeof f->request);
    evbuffer_remove(input, request, len);
    request[len] = '\0';
    path = strchr(request, ' ') + 1;
    if (strncmp(path, "http://", 7) == 0) /* as a proxy is asked */
        path = strchr(path + 7, '/');
    end = path + strcspn(path, " ?");
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        if (strlen(scripts[i].path) == (size_t)(end - path) &&
            strncmp(scripts[i].path, path, (size_t)(end - path)) == 0) {
            script_play(f, peer, bev, &scripts[i]);
            return;
        }
    }
    fail_msg("no script for %s", request);
}

/* ---- the client ----------------------------------------------------------------------------- */

static void str_store(char *to, size_t size, struct str text)
{
    snprintf(to, size, "%.*s", STR_FMT(text));
}

static void on_done(void *user, const struct http_response *response, const struct error *err)
{
    struct outcome *o = user;

    o->n++;
    if (!response) {
        o->err = *err;
        return;
    }
    o->status = response->status;
    o->body_len = response->body.len;
    o->n_headers = response->n_headers;
    str_store(o->body, sizeof o->body, response->body);
    str_store(o->header, sizeof o->header, http_response_header(response, "X-A"));
    str_store(o->retry_after, sizeof o->retry_after, http_response_header(response, "retry-after"));
}

static bool is_done(void *user)
{
    return ((struct outcome *)user)->n > 0;
}

static struct http_header secrets[] = {
    {STR("Authorization"), STR("Bearer sesame"), true},
    {STR("X-Plain"), STR("plain"), false},
};

static struct outcome fetch_url(struct fixture *f, const char *method, const char *url)
{
    struct outcome o = {.f = f};
    struct http_request request = {.method = method,
                                   .url = str_from(url),
                                   .headers = secrets,
                                   .n_headers = ARRAY_LEN(secrets),
                                   .body = STR("payload"),
                                   .allow_private = f->let,
                                   .timeout_ms = strncmp(url, "https", 5) == 0 ? PATIENCE_MS : 0,
                                   .has_body = strcmp(method, "POST") == 0};

    if (http_start(f->client, &request, on_done, &o, NULL, &o.err) < 0)
        return o;
    assert_int_equal(o.n, 0);
    assert_true(run_until(f->base, is_done, &o));
    assert_int_equal(o.n, 1);
    if (f->drip)
        event_free(f->drip);
    f->drip = NULL;
    return o;
}

static struct outcome fetch(struct fixture *f, const char *method, const char *path)
{
    char url[256];

    snprintf(url, sizeof url, "http://user:hunter2@127.0.0.1:%d%s?token=hunter2", f->server.port,
             path);
    return fetch_url(f, method, url);
}

static void client_start(struct fixture *f, const char *ca_file)
{
    const struct http_options options = {.timeout_ms = 1000,
                                         .connect_timeout_ms = 5000,
                                         .max_body = BODY_MAX,
                                         .user_agent = "mentiond-test/1",
                                         .ca_file = ca_file,
                                         .allow_private = !f->guarded};
    struct error err = {0};

    assert_int_equal(http_client_create(f->base, &options, &f->client, &err), 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->base = event_base_new();
    f->server.on_data = f->other.on_data = on_request;
    f->server.user = f->other.user = f;
    dir_make(f->dir, sizeof f->dir);
    peer_start(&f->server, f->base);
    peer_start(&f->other, f->base);
    client_start(f, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    http_client_destroy(f->client);
    run_rest(f->base);
    peer_stop(&f->server);
    peer_stop(&f->other);
    run_rest(f->base);
    event_base_free(f->base);
    dir_remove(f->dir);
    free(f);
    return 0;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_answers(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *body, *header, *retry_after;
    } cases[] = {
        {"/ok", 200, "hi", "2", ""},
        {"/429", 429, "slow", "", "87"},
        {"/html", 503, "<html>no</html>", "", ""},
        {"/continue", 200, "hi", "", ""},
        {"/trailer", 200, "hi", "", ""},
        {"/empty", 204, "", "", ""},
        {"/gzip", 200, "unpacked", "", ""},
        {"/to-ok", 200, "hi", "2", ""},
        {"/no-location", 302, "", "", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct outcome o = fetch(*state, "GET", cases[i].path);

        if (o.err.code < 0)
            fail_msg("%s: %s", cases[i].path, o.err.text);
        assert_int_equal(o.status, cases[i].status);
        assert_string_equal(o.body, cases[i].body);
        assert_string_equal(o.header, cases[i].header);
        assert_string_equal(o.retry_after, cases[i].retry_after);
    }
}

static void test_failures(void **state)
{
    static const struct {
        const char *path;
        int code;
        const char *says;
    } cases[] = {
        {"/cut", -EPROTO, "cut off after 9 bytes"},
        {"/cut-chunked", -EPROTO, "cut off after 9 bytes"},
        {"/cut-headers", -EPROTO, "cut off in the headers"},
        {"/closed", -EPROTO, "Empty reply"},
        {"/garbage", -EPROTO, "HTTP/0.9"},
        {"/status-999", -EPROTO, "999"},
        {"/bad-gzip", -EPROTO, ""},
        {"/bomb", -EFBIG, "body over 1048576 bytes"},
        {"/announced-50mb", -EFBIG, ""},
        {"/flood", -EFBIG, "body over 1048576 bytes"},
        {"/big-headers", -EFBIG, "headers over 32768 bytes"},
        {"/drip", -ETIMEDOUT, "milliseconds with"},
        {"/silent", -ETIMEDOUT, ""},
        {"/loop", -ELOOP, "redirected more than 3 times"},
        {"/to-ftp", -EPROTO, "redirected: the URL is neither http nor https"},
        {"/to-file", -EPROTO, "redirected: the URL is neither http nor https"},
        {"/to-nothing", -EPROTO, "redirected: "},
    };
    struct fixture *f = *state;
    struct http_counters counters;
    char where[128];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct outcome o = fetch(f, "GET", cases[i].path);

        if (o.err.code != cases[i].code || !strstr(o.err.text, cases[i].says))
            fail_msg("%s: %d %s", cases[i].path, o.err.code, o.err.text);
        assert_null(strstr(o.err.text, "hunter2"));
        snprintf(where, sizeof where, "GET http://127.0.0.1:%d", f->server.port);
        assert_int_equal(strncmp(o.err.text, where, strlen(where)), 0);
    }
    http_counters_get(f->client, &counters);
    assert_int_equal(counters.failed, ARRAY_LEN(cases));
    assert_int_equal(counters.too_big, 4);
    assert_true(fetch(f, "GET", "/big-line").err.code < 0);
    assert_int_equal(fetch(f, "GET", "/many-headers").n_headers, HTTP_HEADERS_MAX);
}

/* What is sent where: the body, credentials, and what a redirect takes along. */
static void test_redirect_secrets(void **state)
{
    static const char *const moved[] = {"/to-other", "/to-other-user"};
    struct fixture *f = *state;
    struct outcome o = fetch(f, "GET", "/to-ok");

    assert_non_null(strstr(f->request, "GET /ok"));
    assert_non_null(strstr(f->request, "Bearer sesame"));

    for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
        o = fetch(f, "GET", moved[i]);
        assert_int_equal(o.status, 200);
        assert_non_null(strstr(f->request, "Bearer sesame"));
        assert_non_null(strstr(f->other_request, "GET /ok"));
        assert_non_null(strstr(f->other_request, "X-Plain: plain"));
        assert_non_null(strstr(f->other_request, "User-Agent: mentiond-test/1"));
        assert_null(strstr(f->other_request, "sesame"));
        assert_null(strstr(f->other_request, "Authorization"));
    }
    f->other_request[0] = '\0';
    o = fetch(f, "POST", "/to-other");
    assert_int_equal(o.status, 307);
    assert_string_equal(f->other_request, "");
    assert_non_null(strstr(f->request, "\r\n\r\npayload"));
    assert_null(strstr(f->request, "Expect"));
    assert_null(strstr(f->request, "Content-Type"));
}

/* Also on a connection that another request was allowed to open, and by name. */
static void test_private_addresses_are_refused(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    char url[64];

    http_client_destroy(f->client);
    f->guarded = true;
    client_start(f, NULL);
    o = fetch(f, "GET", "/ok");
    assert_int_equal(o.err.code, -EPERM);
    assert_non_null(strstr(o.err.text, "the address is not public"));
    assert_null(strstr(o.err.text, "hunter2"));
    snprintf(url, sizeof url, "http://localhost:%d/ok", f->server.port);
    assert_int_equal(fetch_url(f, "GET", url).err.code, -EPERM);
    assert_int_equal(fetch_url(f, "GET", "http://[::1]:1/").err.code, -EPERM);
    assert_int_equal(fetch_url(f, "GET", "http://0/").err.code, -EPERM);
    assert_string_equal(f->request, "");
    f->let = true;
    assert_int_equal(fetch(f, "GET", "/ok").status, 200);
    f->request[0] = '\0';
    f->let = false;
    assert_int_equal(fetch(f, "GET", "/ok").err.code, -EPERM);
    assert_string_equal(f->request, "");
}

/* The operator's own proxy may be anywhere; what is around it may not. */
static void test_a_proxy_may_be_private(void **state)
{
    struct fixture *f = *state;
    char proxy[64], other[64];

    http_client_destroy(f->client);
    f->guarded = true;
    client_start(f, NULL);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", f->server.port);
    setenv("http_proxy", proxy, 1);
    fetch_url(f, "GET", "http://social.example/ok");
    assert_non_null(strstr(f->request, "GET http://social.example/ok HTTP/1.1"));
    f->request[0] = '\0';
    snprintf(other, sizeof other, "http://127.0.0.1:%d/ok", f->other.port);
    setenv("no_proxy", "127.0.0.1", 1);
    assert_int_equal(fetch_url(f, "GET", other).err.code, -EPERM);
    assert_string_equal(f->request, "");
    unsetenv("no_proxy");
    unsetenv("http_proxy");
}

static void test_unreachable(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    int64_t before_ms = clock_monotonic_ms();

    o = fetch_url(f, "GET", "http://127.0.0.1:1/x");
    assert_int_equal(o.err.code, -ECONNREFUSED);
    assert_string_equal(o.err.text, "GET http://127.0.0.1:1/x: connect: Connection refused");
    o = fetch_url(f, "GET", "http://no-such-host.invalid/x?token=hunter2");
    assert_true(o.err.code == -EHOSTUNREACH || o.err.code == -ETIMEDOUT);
    assert_null(strstr(o.err.text, "hunter2"));
    assert_true(clock_monotonic_ms() - before_ms < 5000);
}

static void test_bad_requests(void **state)
{
    static const struct {
        const char *method, *url;
    } cases[] = {
        {"GET", ""},
        {"GET", "nonsense"},
        {"GET", "ftp://h/"},
        {"GET", "file:///etc/passwd"},
        {"GET", "http://"},
        {"GET", "http://a b/"},
        {"G T", "http://h/"},
        {"", "http://h/"},
        {"GET\r\nX: y", "http://h/"},
        {"GET", "http://h/\r\nX: y"},
        {"GET", "http://h:99999/"},
    };
    static const struct http_header bad_headers[] = {
        {STR("X"), STR("a\r\nY: b"), false},
        {STR("X:"), STR("a"), false},
        {STR(""), STR("a"), false},
        {STR("X"), STR("a\0b"), true},
    };
    struct fixture *f = *state;
    struct error err = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct outcome o = fetch_url(f, cases[i].method, cases[i].url);

        if (o.err.code != -EINVAL)
            fail_msg("%s %s: %d %s", cases[i].method, cases[i].url, o.err.code, o.err.text);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad_headers); i++) {
        struct http_request request = {.method = "GET",
                                       .url = STR("http://127.0.0.1:1/"),
                                       .headers = &bad_headers[i],
                                       .n_headers = 1};

        assert_int_equal(http_start(f->client, &request, on_done, NULL, NULL, &err), -EINVAL);
    }
}

static void test_connection_reused(void **state)
{
    struct fixture *f = *state;
    const int inherited = sockets_inherited();

    for (int i = 0; i < 5; i++)
        assert_int_equal(fetch(f, "GET", "/ok").status, 200);
    assert_int_equal(f->server.n_connections, 1);
    assert_int_equal(sockets_inherited(), inherited + 1); /* the server's end, which is the test's */
    assert_int_equal(fetch(f, "HEAD", "/announced-50mb").status, 200);
}

static void test_secret_path(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    const struct http_request request = {.method = "POST",
                                         .url = STR("http://127.0.0.1:1/bot123:hunter2/send"),
                                         .is_path_secret = true};

    assert_int_equal(http_start(f->client, &request, on_done, &o, NULL, &o.err), 0);
    assert_true(run_until(f->base, is_done, &o));
    assert_string_equal(o.err.text, "POST http://127.0.0.1:1: connect: Connection refused");
}

static void test_cancel(void **state)
{
    struct fixture *f = *state;
    struct http_transfer *transfers[3];
    struct outcome o[3] = {0};
    char url[64];
    struct error err = {0};

    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", f->server.port);
    for (int i = 0; i < 3; i++) {
        const struct http_request request = {.method = "GET", .url = str_from(url)};

        assert_int_equal(http_start(f->client, &request, on_done, &o[i], &transfers[i], &err), 0);
    }
    http_cancel(transfers[0]);
    http_cancel(NULL);
    assert_true(run_until(f->base, is_done, &o[1]));
    assert_true(run_until(f->base, is_done, &o[2]));
    assert_int_equal(o[0].n, 0);
}

static void on_done_destroy(void *user, const struct http_response *response,
                            const struct error *err)
{
    struct outcome *o = user;

    on_done(user, response, err);
    http_client_destroy(o->f->client);
    o->f->client = NULL;
}

static void test_destroy_in_callback(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {.f = f}, others[4] = {0};
    char url[64];
    struct error err = {0};

    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", f->server.port);
    for (int i = 0; i < 5; i++) {
        const struct http_request request = {.method = "GET", .url = str_from(url)};

        assert_int_equal(http_start(f->client, &request, i == 2 ? on_done_destroy : on_done,
                                    i == 2 ? &o : &others[i % 4], NULL, &err),
                         0);
    }
    assert_true(run_until(f->base, is_done, &o));
    assert_null(f->client);
}

static void test_many_at_once(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {0};
    char url[64];
    struct error err = {0};
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;

    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", f->server.port);
    for (int i = 0; i <= HTTP_TRANSFERS_MAX; i++) {
        const struct http_request request = {
            .method = "GET", .url = str_from(url), .timeout_ms = PATIENCE_MS};

        assert_int_equal(http_start(f->client, &request, on_done, &o, NULL, &err),
                         i < HTTP_TRANSFERS_MAX ? 0 : -EBUSY);
    }
    while (o.n < HTTP_TRANSFERS_MAX && clock_monotonic_ms() < end_ms)
        run_until(f->base, is_done, &o), event_base_loop(f->base, EVLOOP_ONCE);
    assert_int_equal(o.n, HTTP_TRANSFERS_MAX);
    assert_true(f->server.n_connections <= HTTP_HOST_CONNECTIONS_MAX);
}

static void test_tls(void **state)
{
    struct fixture *f = *state;
    char ca_file[128], url[64];
    struct outcome o;

    certificate_make(f->dir);
    peer_use_tls(&f->server, f->dir);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/ok", f->server.port);
    o = fetch_url(f, "GET", url);
    assert_int_equal(o.err.code, -EPROTO);
    assert_non_null(strstr(o.err.text, "certificate"));

    http_client_destroy(f->client);
    snprintf(ca_file, sizeof ca_file, "%s/ca.pem", f->dir);
    client_start(f, ca_file);
    o = fetch_url(f, "GET", url);
    if (o.err.code < 0)
        fail_msg("%s", o.err.text);
    assert_string_equal(o.body, "hi");

    snprintf(url, sizeof url, "https://127.0.0.1:%d/to-other", f->server.port);
    o = fetch_url(f, "GET", url);
    assert_int_equal(o.err.code, -EPROTO);
    assert_non_null(strstr(o.err.text, "from https to http, refused"));
    assert_int_equal(f->other.n_connections, 0);
}

static void test_hashed_folder_of_certificates(void **state)
{
    static const char *const names[] = {"ca-certificates.crt", "5ad8a5d6", "5ad8a5d6.pem", "5ad8a5d60.0",
                                        "5ad8a5d6.0"};
    struct fixture *f = *state;
    char path[160];

    assert_false(http_trust_is_hashed(NULL));
    assert_false(http_trust_is_hashed("/nonexistent"));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        fclose(fopen(path, "w"));
        assert_int_equal(http_trust_is_hashed(f->dir), i == ARRAY_LEN(names) - 1);
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        unlink(path);
    }
}

static void test_url_for_log(void **state)
{
    static const struct {
        const char *url, *want;
    } cases[] = {
        {"https://h/p?q=secret#f", "https://h/p"},
        {"https://u:secret@h:8443/p", "https://h:8443/p"},
        {"https://u:sec@ret@h/@user/1", "https://h/@user/1"},
        {"https://u:sec/ret@h/p", "https://(no host)"},
        {"https://[::1]:80/p", "https://[::1]:80/p"},
        {"https://h?token=secret", "https://h"},
        {"https://h/a\nb", "https://h/a?b"},
        {"secret", "(no URL)"},
        {"", "(no URL)"},
    };
    char storage[64], small[12];
    struct str shown;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        shown = http_url_for_log(str_from(cases[i].url), storage, sizeof storage);
        assert_string_equal(storage, cases[i].want);
        assert_int_equal(shown.len, strlen(cases[i].want));
    }
    shown = http_url_for_log(STR("https://h/\u00fc\u00fc"), small, sizeof small);
    assert_string_equal(small, "https://h/");
}

/* ---- main ----------------------------------------------------------------------------------- */

static size_t command_read(const char *command, char *to, size_t size)
{
    FILE *pipe = popen(command, "r");
    size_t n = fread(to, 1, size, pipe);

    assert_true(n < size);
    pclose(pipe);
    return n;
}

static size_t script_fill_gzip(char *to, size_t size, const char *command)
{
    size_t head =
        (size_t)snprintf(to, size, OK_HEAD "Content-Encoding: gzip\r\nConnection: close\r\n\r\n");

    return head + command_read(command, to + head, size - head);
}

static struct script *script_find(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        if (strcmp(scripts[i].path, path) == 0)
            return &scripts[i];
    }
    return NULL;
}

static void scripts_fill(void)
{
    size_t n = 0;

    script_find("/bomb")->len =
        script_fill_gzip(gzip_bomb, sizeof gzip_bomb, "head -c 100000000 /dev/zero | gzip -9");
    script_find("/gzip")->len =
        script_fill_gzip(gzip_small, sizeof gzip_small, "printf unpacked | gzip -9");
    script_find("/gzip")->ending = CLOSE;
    for (int i = 0; i < 100; i++)
        n += (size_t)snprintf(many_headers + n, sizeof many_headers - n, "%sX-%d: value\r\n",
                              i == 0 ? OK_HEAD "Content-Length: 0\r\n" : "", i);
    snprintf(many_headers + n, sizeof many_headers - n, "\r\n");
    n = 0;
    for (int i = 0; i < 60; i++)
        n += (size_t)snprintf(big_headers + n, sizeof big_headers - n, "%sX-%d: %01000d\r\n",
                              i == 0 ? OK_HEAD : "", i, i);
    snprintf(big_headers + n, sizeof big_headers - n, "\r\n");
    snprintf(big_line, sizeof big_line, OK_HEAD "X: %0190000d\r\n\r\n", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_redirect_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_private_addresses_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_proxy_may_be_private, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connection_reused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secret_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_destroy_in_callback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hashed_folder_of_certificates, setup, teardown),
        cmocka_unit_test(test_url_for_log),
    };
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY"};

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_LEN(proxies); i++)
        unsetenv(proxies[i]);
    scripts_fill();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
