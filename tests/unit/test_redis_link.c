/* The Redis client against servers that misbehave, on loopback, and against a redis-server with
 * TLS. */
#include "net_fixture.h"

#include "mentiond/redis.h"
#include "net/redis_reader.h"

struct fixture {
    struct event_base *base;
    struct peer peer;
    const char *greeting, *answer; /* what the peer says to the first data, and to more */
    char got[4096];                /* all that the peer got */
    struct redis *redis;
    unsigned n_up, n_down;
    struct error last;
    struct error reply_err;
    unsigned n_replies;
    char dir[64];
    pid_t pid;
};

static void on_peer_data(struct peer *peer, struct bufferevent *bev)
{
    struct fixture *f = peer->user;
    size_t used = strlen(f->got);
    size_t n = bufferevent_read(bev, f->got + used, sizeof f->got - used - 1);
    const char *answer;

    f->got[used + n] = '\0';
    answer = strstr(f->got + used, "PING") ? f->greeting : f->answer;
    if (answer)
        bufferevent_write(bev, answer, strlen(answer));
}

static void on_state(void *user, bool up, const struct error *err)
{
    struct fixture *f = user;

    if (up) {
        f->n_up++;
        return;
    }
    f->n_down++;
    f->last = *err;
}

static void on_reply(void *user, const struct redisReply *reply, const struct error *err)
{
    struct fixture *f = user;

    f->n_replies++;
    if (!reply)
        f->reply_err = *err;
}

static bool has_failed(void *user)
{
    return ((struct fixture *)user)->n_down > 0;
}

static bool is_asked(void *user)
{
    return strstr(((struct fixture *)user)->got, "GET") != NULL;
}

static bool has_replied(void *user)
{
    return ((struct fixture *)user)->n_replies > 0;
}

static void client_start(struct fixture *f, const char *url, const char *ca_file)
{
    const struct redis_options options = {.url = str_from(url),
                                          .ca_file = ca_file,
                                          .connect_timeout_ms =
                                              strncmp(url, "rediss", 6) == 0 ? 5000 : 300,
                                          .command_timeout_ms = 300,
                                          .backoff_min_ms = 10,
                                          .backoff_max_ms = 50};
    struct error err = {0};

    f->n_up = f->n_down = f->n_replies = 0;
    if (redis_create(f->base, &options, on_state, f, &f->redis, &err) < 0)
        fail_msg("%s", err.text);
}

static void client_start_peer(struct fixture *f, const char *userinfo)
{
    char url[128];

    snprintf(url, sizeof url, "redis://%s127.0.0.1:%d", userinfo, f->peer.port);
    client_start(f, url, NULL);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->base = event_base_new();
    f->peer.user = f;
    f->peer.on_data = on_peer_data;
    peer_start(&f->peer, f->base);
    dir_make(f->dir, sizeof f->dir);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    redis_destroy(f->redis);
    if (f->pid)
        program_kill(f->pid, SIGTERM);
    run_rest(f->base);
    peer_stop(&f->peer);
    run_rest(f->base);
    event_base_free(f->base);
    dir_remove(f->dir);
    free(f);
    return 0;
}

/* What a server may do instead of greeting. */
static void test_bad_greetings(void **state)
{
    static const struct {
        const char *greeting, *userinfo;
        int code;
        const char *says;
    } cases[] = {
        {NULL, "", -ETIMEDOUT, "greeting: no answer within 300 ms"},
        {"-NOAUTH Authentication required.\r\n", "", -EACCES, "wants a password"},
        {"-LOADING Redis is loading the dataset in memory\r\n", "", -EAGAIN, "loading"},
        {"-ERR max number of clients reached\r\n", "", -EPROTO, "max number of clients"},
        {"-ERR unknown command `AUTH`, with args beginning with: `hunter2`\r\n", ":hunter2@",
         -EACCES, "AUTH: refused"},
        {"HTTP/1.1 400 Bad Request\r\n", "", -EPROTO, "not Redis' protocol"},
        {"*1000000000\r\n", "", -EFBIG, "elements"},
        {"*2\r\n*900000\r\n", "", -ETIMEDOUT, ""},
        {"+PONG\r\n+MORE\r\n", "", -EPROTO, "nothing asked for"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        f->got[0] = '\0';
        f->greeting = cases[i].greeting;
        client_start_peer(f, cases[i].userinfo);
        assert_true(run_until(f->base, has_failed, f));
        if (f->last.code != cases[i].code || !strstr(f->last.text, cases[i].says))
            fail_msg("%zu: %d %s", i, f->last.code, f->last.text);
        assert_null(strstr(f->last.text, "hunter2"));
        assert_non_null(strstr(f->last.text, "redis://127.0.0.1:"));
        redis_destroy(f->redis);
        f->redis = NULL;
    }
}

/* The server greets and then says nothing: the command fails, the connection is given up. */
static void test_silent_server(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    f->greeting = "+PONG\r\n";
    client_start_peer(f, "");
    assert_int_equal(redis_command(f->redis, 0, 1, (struct str[]){STR("GET")}, on_reply, f, &err),
                     0);
    assert_true(run_until(f->base, has_replied, f));
    assert_int_equal(f->reply_err.code, -ETIMEDOUT);
    assert_non_null(strstr(f->reply_err.text, "not known"));
    assert_non_null(strstr(f->reply_err.text, "no answer for 300 ms"));
    assert_int_equal(f->n_up, 1);
}

static void on_drip(evutil_socket_t fd, short what, void *user)
{
    struct fixture *f = user;

    (void)fd;
    (void)what;
    if (f->peer.open[0])
        bufferevent_write(f->peer.open[0], "x", 1);
}

/* A reply that comes slowly is waited for while it moves: this one takes three time-outs. */
static void test_slow_reply(void **state)
{
    const struct timeval tick = {.tv_usec = 100000};
    struct fixture *f = *state;
    struct error err = {0};
    struct event *drip = event_new(f->base, -1, EV_PERSIST, on_drip, f);
    const int64_t before_ms = clock_monotonic_ms();

    f->greeting = "+PONG\r\n";
    f->answer = "$8\r\n";
    client_start_peer(f, "");
    assert_int_equal(
        redis_command(f->redis, 0, 1, (struct str[]){STR("GET")}, on_reply, f, &err), 0);
    assert_true(run_until(f->base, is_asked, f));
    event_add(drip, &tick);
    assert_true(run_until(f->base, has_replied, f));
    event_free(drip);
    if (f->reply_err.code < 0)
        fail_msg("%s", f->reply_err.text);
    assert_true(clock_monotonic_ms() - before_ms > 600);
}

/* A command that costs the connection each time is given up some day. */
static void test_poison(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    f->greeting = "+PONG\r\n";
    f->answer = "?what\r\n";
    client_start_peer(f, "");
    assert_int_equal(
        redis_command(f->redis, REDIS_KEEP, 1, (struct str[]){STR("GET")}, on_reply, f, &err), 0);
    assert_true(run_until(f->base, has_replied, f));
    assert_int_equal(f->reply_err.code, -EPROTO);
    assert_int_equal(f->n_up, REDIS_KEEP_LOSSES_MAX);
}

/* Without a connection, commands that need not be kept end after their time, kept ones wait. */
static void test_no_server(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    client_start(f, "redis://127.0.0.1:1", NULL);
    assert_int_equal(
        redis_command(f->redis, REDIS_KEEP, 1, (struct str[]){STR("A")}, on_reply, f, &err), 0);
    assert_int_equal(redis_command(f->redis, 0, 1, (struct str[]){STR("B")}, on_reply, f, &err), 0);
    assert_true(run_until(f->base, has_replied, f));
    assert_int_equal(f->reply_err.code, -ENOTCONN);
    assert_non_null(
        strstr(f->reply_err.text, "not sent: redis://127.0.0.1:1: connect: Connection refused"));
    assert_int_equal(redis_outbox_len(f->redis), 1);
}

/* Names go through the hosts file; one that does not exist is an error, not a hang. */
static void test_names(void **state)
{
    struct fixture *f = *state;
    struct redisReply *reply;
    struct error err = {0};
    char url[128];

    f->greeting = f->answer = "+PONG\r\n";
    snprintf(url, sizeof url, "redis://localhost:%d", f->peer.port);
    client_start(f, url, NULL);
    if (redis_command_wait(f->redis, 1, (struct str[]){STR("X")}, 5000, &reply, &err) < 0)
        fail_msg("%s", err.text);
    freeReplyObject(reply);
    redis_destroy(f->redis);

    client_start(f, "redis://no-such-host.invalid", NULL);
    assert_true(run_until(f->base, has_failed, f));
    assert_true(f->last.code == -EHOSTUNREACH || f->last.code == -ETIMEDOUT);
}

/* A client may go while its name is being resolved. */
static void test_destroyed_while_resolving(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        client_start(f, "redis://no-such-host.invalid", NULL);
        for (int j = 0; j < i; j++)
            event_base_loop(f->base, EVLOOP_NONBLOCK);
        redis_destroy(f->redis);
        f->redis = NULL;
    }
}

static void test_limits_of_a_reply(void **state)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"*2\r\n$1\r\na\r\n:5\r\n", 0},
        {"$11\r\n0123456789a\r\n", 0},
        {"$1000\r\n", 0},
        {"$30\r\n0123456789012345678901234567890", -EFBIG},
        {"*1000001\r\n", -EFBIG},
        {"*2147483647\r\n", -EFBIG},
        {"*-7\r\n", -EPROTO},
        {"$-7\r\n", -EPROTO},
        {"nonsense\r\n", -EPROTO},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct redis_reader reader;
        struct redisReply *reply = NULL;
        struct error err = {0};
        int r;

        assert_int_equal(redis_reader_init(&reader, 30, &err), 0);
        assert_int_equal(redis_reader_feed(&reader, cases[i].text, strlen(cases[i].text), &err), 0);
        r = redis_reader_take(&reader, &reply, &err);
        if (r != cases[i].code)
            fail_msg("%s: %d %s", cases[i].text, r, err.text);
        freeReplyObject(reply);
        redis_reader_finish(&reader);
    }
}

/* A real redis-server with TLS: accepted with our authority, refused without, and for another name.
 */
static void test_tls(void **state)
{
    struct fixture *f = *state;
    char url[128], ca[128];
    unsigned short port;
    struct redisReply *reply;
    struct error err = {0};
    char port_text[8];

    certificate_make(f->dir);
    snprintf(ca, sizeof ca, "%s/ca.pem", f->dir);
    port = f->peer.port; /* free in a moment */
    peer_stop(&f->peer);
    f->peer = (struct peer){.user = f};
    peer_start(&f->peer, f->base);
    snprintf(port_text, sizeof port_text, "%d", port);
    f->pid =
        redis_start(f->dir, (const char *[]){"--tls-port", port_text, "--tls-cert-file", "cert.pem",
                                             "--tls-key-file", "key.pem", "--tls-ca-cert-file",
                                             "ca.pem", "--tls-auth-clients", "no", NULL});
    snprintf(url, sizeof url, "rediss://127.0.0.1:%d/2", port);
    client_start(f, url, ca);
    if (redis_command_wait(f->redis, 2, (struct str[]){STR("ECHO"), STR("hi")}, 5000, &reply,
                           &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(reply->str, "hi");
    freeReplyObject(reply);
    redis_destroy(f->redis);

    client_start(f, url, NULL);
    assert_true(run_until(f->base, has_failed, f));
    assert_int_equal(f->last.code, -EPROTO);
    assert_non_null(strstr(f->last.text, "certificate is not acceptable"));
    redis_destroy(f->redis);

    snprintf(url, sizeof url, "rediss://127.0.0.2:%d", port);
    client_start(f, url, ca);
    assert_true(run_until(f->base, has_failed, f));
    if (f->last.code !=
        -ECONNREFUSED) /* redis binds 127.0.0.1 and ::1 only, by default: all of 127/8 elsewhere */
        assert_non_null(strstr(f->last.text, "certificate is not acceptable"));
    redis_destroy(f->redis);

    snprintf(url, sizeof url, "rediss://127.0.0.1:%d", f->peer.port);
    client_start(f, url, ca); /* a peer that does not speak TLS, but answers */
    f->peer.on_data = on_peer_data;
    f->got[0] = '\0';
    f->answer = f->greeting = "-ERR what?\r\n";
    assert_true(run_until(f->base, has_failed, f));
    assert_true(f->last.code == -EPROTO || f->last.code == -ETIMEDOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bad_greetings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silent_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_poison, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_destroyed_while_resolving, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tls, setup, teardown),
        cmocka_unit_test(test_limits_of_a_reply),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
