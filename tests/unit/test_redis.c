/* The Redis client against real redis-servers: replies, kills, passwords, databases, limits. */
#include "net_fixture.h"

#include "mentiond/redis.h"

struct fixture {
    struct event_base *base;
    char dir[64];
    char url[128];
    pid_t pid;
    struct redis *redis;
    unsigned n_up, n_down;
    struct error last;
};

struct tally {
    unsigned n, n_ok, n_failed;
    int64_t last;
    int last_code;
    bool out_of_order;
};

static struct str *args(const char *const *texts, struct str *storage)
{
    for (size_t i = 0; texts[i]; i++)
        storage[i] = str_from(texts[i]);
    return storage;
}

#define ARGS(...)                                                                                  \
    sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                                        \
        args((const char *[]){__VA_ARGS__, NULL}, (struct str[16]){{0}})

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
    struct tally *t = user;

    t->n++;
    if (!reply) {
        t->n_failed++;
        t->last_code = err->code;
        return;
    }
    t->n_ok++;
    if (reply->type == REDIS_REPLY_INTEGER) {
        if (reply->integer <= t->last)
            t->out_of_order = true;
        t->last = reply->integer;
    }
}

static bool is_up(void *user)
{
    return redis_is_up(((struct fixture *)user)->redis);
}

static bool has_failed(void *user)
{
    return ((struct fixture *)user)->n_down > 0;
}

static bool is_empty(void *user)
{
    return redis_outbox_len(((struct fixture *)user)->redis) == 0;
}

static struct redis_options options_for(const char *url)
{
    return (struct redis_options){.url = str_from(url),
                                  .connect_timeout_ms = 5000,
                                  .command_timeout_ms = 5000,
                                  .backoff_min_ms = 10,
                                  .backoff_max_ms = 100};
}

static void client_start(struct fixture *f, const char *url)
{
    const struct redis_options options = options_for(url);
    struct error err = {0};

    if (redis_create(f->base, &options, on_state, f, &f->redis, &err) < 0)
        fail_msg("%s", err.text);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->base = event_base_new();
    dir_make(f->dir, sizeof f->dir);
    snprintf(f->url, sizeof f->url, "unix://%s/s", f->dir);
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
    event_base_free(f->base);
    dir_remove(f->dir);
    free(f);
    return 0;
}

static void test_wait(void **state)
{
    struct fixture *f = *state;
    struct redisReply *reply;
    struct error err = {0};

    f->pid = redis_start(f->dir, NULL);
    client_start(f, f->url);
    assert_int_equal(redis_command_wait(f->redis, 3,
                                        (struct str[]){STR("SET"), STR("a\0b"), STR("c\r\nd")},
                                        5000, &reply, &err),
                     0);
    freeReplyObject(reply);
    assert_int_equal(redis_command_wait(f->redis, 2, (struct str[]){STR("GET"), STR("a\0b")}, 5000,
                                        &reply, &err),
                     0);
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    assert_string_equal(reply->str, "c\r\nd");
    freeReplyObject(reply);
    assert_int_equal(redis_command_wait(f->redis, ARGS("NONSENSE"), 5000, &reply, &err), 0);
    assert_int_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    assert_int_equal(sockets_inherited(), 0);

    /* one that blocks on purpose may outlive the usual time-out, and its own is kept */
    assert_int_equal(redis_command_wait(f->redis, ARGS("BLPOP", "none", "0"), 200, &reply, &err),
                     -ETIMEDOUT);
}

static void test_wait_refused(void **state)
{
    struct fixture *f = *state;
    struct redisReply *reply;
    struct error err = {0};

    client_start(f, f->url);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(redis_command_wait(f->redis, ARGS("PING"), 5000, &reply, &err), -ENOTCONN);
        assert_non_null(strstr(err.text, "No such file"));
        assert_non_null(strstr(err.text, f->url));
    }
    assert_int_equal(redis_outbox_len(f->redis), 0);
    assert_int_equal(redis_command(f->redis, REDIS_URGENT, ARGS("PING"), NULL, NULL, &err),
                     -ENOTCONN);
}

static void test_pipeline(void **state)
{
    struct fixture *f = *state;
    struct tally t = {0};
    struct error err = {0};

    f->pid = redis_start(f->dir, NULL);
    client_start(f, f->url);
    for (int i = 0; i < REDIS_OUTBOX_COMMANDS_MAX; i++)
        assert_int_equal(redis_command(f->redis, 0, ARGS("INCR", "n"), on_reply, &t, &err), 0);
    assert_int_equal(redis_command(f->redis, 0, ARGS("INCR", "n"), on_reply, &t, &err), -ENOBUFS);
    assert_non_null(strstr(err.text, "outbox is full"));
    assert_true(run_until(f->base, is_empty, f));
    assert_int_equal(t.n_ok, REDIS_OUTBOX_COMMANDS_MAX);
    assert_int_equal(t.last, REDIS_OUTBOX_COMMANDS_MAX);
    assert_false(t.out_of_order);
    assert_int_equal(redis_outbox_bytes(f->redis), 0);
}

/* Redis is killed with commands under way: those marked KEEP are all answered in the end, in order,
 * the others are told that nobody knows. */
static void test_killed_server(void **state)
{
    struct fixture *f = *state;
    struct tally kept = {0}, others = {0};
    struct redis_counters counters;
    struct error err = {0};

    f->pid = redis_start(f->dir, NULL);
    client_start(f, f->url);
    assert_true(run_until(f->base, is_up, f));
    program_kill(f->pid, SIGKILL);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(
            redis_command(f->redis, REDIS_KEEP, ARGS("INCR", "n"), on_reply, &kept, &err), 0);
        assert_int_equal(redis_command(f->redis, 0, ARGS("PING"), on_reply, &others, &err), 0);
    }
    assert_true(run_until(f->base, has_failed, f));
    f->pid = redis_start(f->dir, NULL);
    assert_true(run_until(f->base, is_empty, f));
    assert_int_equal(kept.n_ok, 500);
    assert_int_equal(kept.last, 500);
    assert_false(kept.out_of_order);
    assert_int_equal(others.n, 500);
    assert_int_equal(others.n_failed, 500);
    assert_int_equal(others.last_code, -ECONNRESET);
    redis_counters_get(f->redis, &counters);
    assert_int_equal(counters.resent, 500);
    assert_int_equal(counters.unknown, 500);
    assert_int_equal(f->n_up, 2);
}

static void test_password(void **state)
{
    static const struct {
        const char *username, *password;
        bool ok;
        const char *says;
    } cases[] = {
        {NULL, "sesame", true, ""},
        {"default", "sesame", true, ""},
        {NULL, "hunter2", false, "user name or password is wrong"},
        {"bob", "hunter2", false, "user name or password is wrong"},
        {NULL, NULL, false, "wants a password"},
    };
    struct fixture *f = *state;
    struct redisReply *reply;

    f->pid = redis_start(f->dir, (const char *[]){"--requirepass", "sesame", NULL});
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct redis_options options = options_for(f->url);
        struct error err = {0};
        int r;

        options.username = cases[i].username;
        options.password = cases[i].password;
        assert_int_equal(redis_create(f->base, &options, on_state, f, &f->redis, &err), 0);
        r = redis_command_wait(f->redis, ARGS("GET", "x"), 5000, &reply, &err);
        assert_int_equal(r, cases[i].ok ? 0 : -ENOTCONN);
        if (r == 0)
            freeReplyObject(reply);
        else
            assert_int_equal(f->last.code, -EACCES);
        assert_non_null(strstr(err.text, cases[i].says));
        assert_null(strstr(err.text, "hunter2"));
        redis_destroy(f->redis);
        f->redis = NULL;
    }
}

static void test_password_not_wanted(void **state)
{
    struct fixture *f = *state;
    struct redis_options options = options_for(f->url);
    struct error err = {0};

    f->pid = redis_start(f->dir, NULL);
    options.password = "hunter2";
    assert_int_equal(redis_create(f->base, &options, on_state, f, &f->redis, &err), 0);
    assert_true(run_until(f->base, has_failed, f));
    assert_non_null(strstr(f->last.text, "the server has none"));
}

static void test_database(void **state)
{
    struct fixture *f = *state;
    struct redisReply *reply;
    struct error err = {0};
    char url[160];

    f->pid = redis_start(f->dir, NULL);
    snprintf(url, sizeof url, "%s?db=3", f->url);
    client_start(f, url);
    assert_int_equal(redis_command_wait(f->redis, ARGS("CLIENT", "INFO"), 5000, &reply, &err), 0);
    assert_non_null(strstr(reply->str, " db=3 "));
    freeReplyObject(reply);
    redis_destroy(f->redis);

    snprintf(url, sizeof url, "%s?db=99", f->url);
    client_start(f, url);
    assert_int_equal(redis_command_wait(f->redis, ARGS("PING"), 5000, &reply, &err), -ENOTCONN);
    assert_non_null(strstr(err.text, "SELECT: ERR DB index is out of range"));
}

/* A reply over the limit costs the connection, and its command is not repeated for ever. */
static void test_reply_too_big(void **state)
{
    struct fixture *f = *state;
    struct tally big = {0}, after = {0};
    struct redis_counters counters;
    struct error err = {0};
    struct redisReply *reply;

    f->pid = redis_start(f->dir, NULL);
    client_start(f, f->url);
    assert_int_equal(
        redis_command_wait(f->redis, ARGS("SETRANGE", "big", "70000000", "x"), 5000, &reply, &err),
        0);
    freeReplyObject(reply);
    assert_int_equal(redis_command(f->redis, REDIS_KEEP, ARGS("GET", "big"), on_reply, &big, &err),
                     0);
    assert_int_equal(redis_command(f->redis, REDIS_KEEP, ARGS("INCR", "n"), on_reply, &after, &err),
                     0);
    assert_true(run_until(f->base, is_empty, f));
    assert_int_equal(big.last_code, -EFBIG);
    assert_int_equal(after.n_ok, 1);
    redis_counters_get(f->redis, &counters);
    assert_int_equal(counters.replies_too_big, 1);
}

/* A socket path longer than a socket address can hold. */
static void test_long_path(void **state)
{
    struct fixture *f = *state;
    char long_name[161], dir[256], url[300];
    struct redisReply *reply;
    struct error err = {0};

    memset(long_name, 'd', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    snprintf(dir, sizeof dir, "%s/%s", f->dir, long_name);
    f->pid = redis_start(f->dir, NULL);
    assert_int_equal(mkdir(dir, 0700), 0);
    snprintf(url, sizeof url, "%s/s", f->dir);
    snprintf(dir, sizeof dir, "%s/%s/s", f->dir, long_name);
    assert_int_equal(symlink(url, dir), 0);
    snprintf(url, sizeof url, "unix://%s", dir);
    client_start(f, url);
    if (redis_command_wait(f->redis, ARGS("PING"), 5000, &reply, &err) < 0)
        fail_msg("%s", err.text);
    freeReplyObject(reply);
}

static void on_reply_destroy(void *user, const struct redisReply *reply, const struct error *err)
{
    struct fixture *f = user;

    (void)reply;
    (void)err;
    redis_destroy(f->redis);
    f->redis = NULL;
}

static bool is_destroyed(void *user)
{
    return ((struct fixture *)user)->redis == NULL;
}

static void test_destroy_in_callback(void **state)
{
    struct fixture *f = *state;
    struct tally t = {0};
    struct error err = {0};

    f->pid = redis_start(f->dir, NULL);
    client_start(f, f->url);
    for (int i = 0; i < 10; i++)
        assert_int_equal(redis_command(f->redis, 0, ARGS("INCR", "n"), on_reply, &t, &err), 0);
    assert_int_equal(redis_command(f->redis, 0, ARGS("PING"), on_reply_destroy, f, &err), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(redis_command(f->redis, 0, ARGS("PING"), on_reply, &t, &err), 0);
    assert_true(run_until(f->base, is_destroyed, f));
    assert_int_equal(t.n, 20);
    assert_int_equal(t.n_ok, 10);
    assert_int_equal(t.last_code, -ECANCELED);
}

static void on_state_first(void *user, bool up, const struct error *err)
{
    struct fixture *f = user;
    struct error command_err = {0};

    on_state(user, up, err);
    if (up)
        assert_int_equal(
            redis_command(f->redis, REDIS_FIRST, ARGS("SET", "n", "100"), NULL, NULL, &command_err),
            0);
}

/* What the state callback sends first is there before commands that wait. */
static void test_first(void **state)
{
    struct fixture *f = *state;
    const struct redis_options options = options_for(f->url);
    struct tally t = {0};
    struct error err = {0};

    f->pid = redis_start(f->dir, NULL);
    assert_int_equal(redis_create(f->base, &options, on_state_first, f, &f->redis, &err), 0);
    assert_int_equal(redis_command(f->redis, 0, ARGS("INCR", "n"), on_reply, &t, &err), 0);
    assert_true(run_until(f->base, is_empty, f));
    assert_int_equal(t.last, 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wait_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pipeline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_password, setup, teardown),
        cmocka_unit_test_setup_teardown(test_password_not_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_database, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reply_too_big, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_destroy_in_callback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first, setup, teardown),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
