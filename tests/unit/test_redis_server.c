/* The private redis-server: start, locks, adoption, restarts, and what kill -9 of anybody leaves
 * behind. */
#include "net_fixture.h"

#include <dirent.h>
#include <limits.h>
#include <sys/file.h>

#include "mentiond/log.h"
#include "mentiond/redis.h"

#define KILLS 25

struct fixture {
    struct event_base *base;
    char dir[64];
    char state_dir[800];
    struct redis_server *server;
    struct redis *redis;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->base = event_base_new();
    dir_make(f->dir, sizeof f->dir);
    snprintf(f->state_dir, sizeof f->state_dir, "%s/state", f->dir);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    redis_destroy(f->redis);
    redis_server_stop(f->server);
    run_rest(f->base);
    event_base_free(f->base);
    dir_remove(f->dir);
    free(f);
    return 0;
}

static int server_start(struct fixture *f, const char *program, int64_t timeout_ms,
                        struct redis_server **ret_server, struct error *err)
{
    const struct redis_server_options options = {.state_dir = f->state_dir,
                                                 .max_memory = 64 * 1024 * 1024,
                                                 .program = program,
                                                 .start_timeout_ms = timeout_ms};

    return redis_server_start(f->base, &options, ret_server, err);
}

static void server_start_well(struct fixture *f)
{
    struct error err = {0};

    if (server_start(f, NULL, 20000, &f->server, &err) < 0)
        fail_msg("%s", err.text);
}

static struct redis *client_start(struct fixture *f)
{
    const struct redis_options options = {.url = redis_server_url(f->server),
                                          .connect_timeout_ms = 5000,
                                          .command_timeout_ms = 5000,
                                          .backoff_min_ms = 10,
                                          .backoff_max_ms = 50};
    struct redis *redis;
    struct error err = {0};

    return redis_create(f->base, &options, NULL, NULL, &redis, &err) == 0 ? redis : NULL;
}

/* The number that INCR returns, or -1. */
static long long incr(struct redis *redis)
{
    struct redisReply *reply;
    struct error err = {0};
    long long n;

    if (redis_command_wait(redis, 2, (struct str[]){STR("INCR"), STR("n")}, 10000, &reply, &err) <
        0)
        return -1;
    n = reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    freeReplyObject(reply);
    return n;
}

/* How many redis-servers have this directory as their own. */
static int servers_count(const char *state_dir)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    char path[PATH_MAX], cwd[PATH_MAX], name[64], real[PATH_MAX];
    int n = 0;

    if (!realpath(state_dir, real))
        real[0] = '\0';
    while ((entry = readdir(proc))) {
        ssize_t len;
        FILE *comm;

        snprintf(path, sizeof path, "/proc/%s/cwd", entry->d_name);
        len = readlink(path, cwd, sizeof cwd - 1);
        if (len <= 0)
            continue;
        cwd[len] = '\0';
        snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
        comm = fopen(path, "r");
        name[0] = '\0';
        if (comm && !fgets(name, sizeof name, comm))
            name[0] = '\0';
        if (comm)
            fclose(comm);
        n += strcmp(cwd, real) == 0 && strncmp(name, "redis-server", 12) == 0;
    }
    closedir(proc);
    return n;
}

static void test_start_stop(void **state)
{
    struct fixture *f = *state;
    struct redis_server *second;
    struct error err = {0};
    struct redisReply *reply;
    struct stat st;
    char path[900], pid_text[32];

    server_start_well(f);
    assert_int_equal(servers_count(f->state_dir), 1);
    assert_int_equal(stat(f->state_dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    snprintf(path, sizeof path, "%s/redis.sock", f->state_dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);

    f->redis = client_start(f);
    assert_int_equal(incr(f->redis), 1);
    assert_int_equal(redis_command_wait(
                         f->redis, 3, (struct str[]){STR("CONFIG"), STR("GET"), STR("maxmemory*")},
                         5000, &reply, &err),
                     0);
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        if (strcmp(reply->element[i]->str, "maxmemory") == 0)
            assert_string_equal(reply->element[i + 1]->str, "67108864");
        if (strcmp(reply->element[i]->str, "maxmemory-policy") == 0)
            assert_string_equal(reply->element[i + 1]->str, "noeviction");
    }
    freeReplyObject(reply);

    assert_int_equal(server_start(f, NULL, 2000, &second, &err), -EBUSY);
    snprintf(pid_text, sizeof pid_text, "pid %d", (int)getpid());
    assert_non_null(strstr(err.text, pid_text));
    assert_non_null(strstr(err.text, "another mentiond"));
    assert_non_null(strstr(err.text, f->state_dir));
    assert_int_equal(incr(f->redis), 2);

    redis_destroy(f->redis);
    redis_server_stop(f->server);
    assert_int_equal(servers_count(f->state_dir), 0);
    server_start_well(f);
    f->redis = client_start(f);
    assert_int_equal(incr(f->redis), 3);
}

static void test_programs(void **state)
{
    static const struct {
        const char *program;
        int code;
        const char *says;
    } cases[] = {
        {"/nonexistent/redis-server", -ENOENT, "apt-get install redis-server"},
        {"no-such-redis-server", -ENOENT, "apt-get install redis-server"},
        {"/etc/passwd", -EACCES, "run '/etc/passwd'"},
        {"false", -ECHILD, "exit status 1"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        int r = server_start(f, cases[i].program, 2000, &f->server, &err);

        if (r != cases[i].code || !strstr(err.text, cases[i].says))
            fail_msg("%s: %d %s", cases[i].program, r, err.text);
    }
}

static void test_bad_directories(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    snprintf(f->state_dir, sizeof f->state_dir, "relative/state");
    assert_int_equal(server_start(f, NULL, 2000, &f->server, &err), -EINVAL);
    snprintf(f->state_dir, sizeof f->state_dir, "%s/no/parent", f->dir);
    assert_int_equal(server_start(f, NULL, 2000, &f->server, &err), -ENOENT);
    snprintf(f->state_dir, sizeof f->state_dir, "/etc/passwd");
    assert_int_equal(server_start(f, NULL, 2000, &f->server, &err), -ENOTDIR);
}

/* Longer than a socket address, and with characters that URLs and configuration files treat as
 * their own. */
static void test_odd_directory(void **state)
{
    struct fixture *f = *state;
    size_t len =
        (size_t)snprintf(f->state_dir, sizeof f->state_dir, "%s/a b%%?#\"'\xc3\xbc", f->dir);

    memset(f->state_dir + len, 'd', 150);
    f->state_dir[len + 150] = '\0';
    server_start_well(f);
    f->redis = client_start(f);
    assert_int_equal(incr(f->redis), 1);
}

struct gone {
    struct redis_server *server;
    pid_t old;
};

static bool has_new_pid(void *user)
{
    const struct gone *gone = user;

    return redis_server_pid(gone->server) > 0 && redis_server_pid(gone->server) != gone->old;
}

static void test_restart(void **state)
{
    struct fixture *f = *state;
    struct gone gone;

    server_start_well(f);
    f->redis = client_start(f);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(incr(f->redis), i);
        gone = (struct gone){f->server, redis_server_pid(f->server)};
        kill(gone.old, SIGKILL);
        assert_true(run_until(f->base, has_new_pid, &gone));
        assert_int_equal(servers_count(f->state_dir), 1);
        while (!redis_is_up(f->redis))
            event_base_loop(f->base, EVLOOP_ONCE);
    }
    assert_int_equal(incr(f->redis), 4);
}

/* Somebody holds the server's lock and does not answer: no second server, an error that names them.
 */
static void test_silent_holder(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    char script[1024], pid_text[32];
    pid_t pid;
    int lock;

    assert_int_equal(mkdir(f->state_dir, 0700), 0);
    snprintf(script, sizeof script, "exec 9>>'%s/lock'; flock 9; echo $$ >&9; exec sleep 1000",
             f->state_dir);
    pid = program_start((const char *[]){"sh", "-c", script, NULL});
    snprintf(script, sizeof script, "%s/lock", f->state_dir);
    do {
        lock = open(script, O_RDWR);
        usleep(10000);
    } while (lock < 0 || (flock(lock, LOCK_EX | LOCK_NB) == 0 && close(lock) == 0) ||
             lseek(lock, 0, SEEK_END) == 0);
    close(lock);

    assert_int_equal(server_start(f, NULL, 400, &f->server, &err), -EBUSY);
    snprintf(pid_text, sizeof pid_text, "pid %d holds", (int)pid);
    assert_non_null(strstr(err.text, pid_text));
    assert_int_equal(servers_count(f->state_dir), 0);
    program_kill(pid, SIGKILL);
    server_start_well(f);
}

/* A server that outlived its mentiond, and answers, is adopted: supervised, restarted, ended. */
static void test_adoption(void **state)
{
    struct fixture *f = *state;
    char script[1024];
    struct gone gone;
    pid_t pid;

    server_start_well(f); /* makes redis.conf */
    f->redis = client_start(f);
    assert_int_equal(incr(f->redis), 1);
    redis_destroy(f->redis);
    redis_server_stop(f->server);
    snprintf(script, sizeof script,
             "cd '%s' && exec 9>>lock && flock 9 && exec redis-server redis.conf", f->state_dir);
    pid = program_start((const char *[]){"sh", "-c", script, NULL});
    while (servers_count(f->state_dir) == 0)
        usleep(10000);

    server_start_well(f);
    assert_int_equal(redis_server_pid(f->server), pid);
    f->redis = client_start(f);
    assert_int_equal(incr(f->redis), 2);
    gone = (struct gone){f->server, pid};
    program_kill(pid, SIGKILL);
    assert_true(run_until(f->base, has_new_pid, &gone));
    assert_int_equal(servers_count(f->state_dir), 1);
    redis_destroy(f->redis);
    f->redis = NULL;
    redis_server_stop(f->server);
    f->server = NULL;
    assert_int_equal(servers_count(f->state_dir), 0);
}

/* ---- the storm ------------------------------------------------------------------------------ */

/* What mentiond is here: starts the server and counts, reporting each number that Redis
 * acknowledged. */
static _Noreturn void holder_run(const char *state_dir, int report)
{
    struct fixture f = {.base = event_base_new()};
    struct error err = {0};
    long long n;

    snprintf(f.state_dir, sizeof f.state_dir, "%s", state_dir);
    if (server_start(&f, NULL, 20000, &f.server, &err) < 0) {
        fprintf(stderr, "holder: %s\n", err.text);
        _exit(1);
    }
    f.redis = client_start(&f);
    for (;;) {
        n = incr(f.redis);
        if (n > 0 && write(report, &n, sizeof n) != sizeof n)
            _exit(2);
    }
}

static pid_t holder_start(const char *state_dir, int report)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        holder_run(state_dir, report);
    return pid;
}

static void kill_a_server(const char *state_dir)
{
    char path[1024], text[32] = "";
    int fd;

    snprintf(path, sizeof path, "%s/lock", state_dir);
    fd = open(path, O_RDONLY);
    if (fd >= 0 && read(fd, text, sizeof text - 1) > 0 && atoi(text) > 1 &&
        servers_count(state_dir) > 0)
        kill(atoi(text), SIGKILL);
    if (fd >= 0)
        close(fd);
}

static long long last_acknowledged(int report, long long last)
{
    long long n;

    while (read(report, &n, sizeof n) == (ssize_t)sizeof n)
        last = n;
    return last;
}

/* mentiond is killed at 25 random moments, redis-server at some of them too. At no moment do two
 * redis-servers run, and nothing that was acknowledged is missing in the end. */
static void test_kill_storm(void **state)
{
    struct fixture *f = *state;
    long long acknowledged = 0;
    unsigned seed = 20261121;
    int report[2], alive_at_kill = 0;

    assert_int_equal(pipe2(report, O_CLOEXEC | O_NONBLOCK), 0);
    for (int round = 0; round < KILLS; round++) {
        const int64_t end_ms =
            clock_monotonic_ms() + (rand_r(&seed) % (round % 5 == 4 ? 2500 : 500));
        pid_t pid = holder_start(f->state_dir, report[1]);

        while (clock_monotonic_ms() < end_ms) {
            assert_true(servers_count(f->state_dir) <= 1);
            acknowledged = last_acknowledged(report[0], acknowledged);
            usleep(5000);
        }
        if (round % 6 == 3)
            kill_a_server(f->state_dir);
        alive_at_kill += servers_count(f->state_dir);
        program_kill(pid, SIGKILL);
        assert_true(servers_count(f->state_dir) <= 1);
    }
    acknowledged = last_acknowledged(report[0], acknowledged);
    close(report[0]);
    close(report[1]);
    assert_true(alive_at_kill > KILLS / 3);
    assert_true(acknowledged > 0);

    server_start_well(f);
    assert_int_equal(servers_count(f->state_dir), 1);
    f->redis = client_start(f);
    assert_true(incr(f->redis) > acknowledged);
    print_message("%d kills, %d with a server running, %lld acknowledged\n", KILLS, alive_at_kill,
                  acknowledged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_start_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_programs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_directories, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silent_holder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_adoption, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill_storm, setup, teardown),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
