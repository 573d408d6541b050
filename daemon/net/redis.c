/* The Redis client that others see: an outbox in front of one link at a time.
 *
 * The outbox is one list in the order of acceptance. Its first part is sent and unanswered, the
 * rest waits:
 *
 *     head ... sent, sent, [unsent] waiting, waiting ...
 *
 * Replies answer the head. A lost link turns the sent part back into waiting (REDIS_KEEP) or fails
 * it ("not known"); the next link starts at the head. Only so much is handed to the socket at a
 * time (SEND_WINDOW), so the outbox' limit in bytes is the client's limit in memory.
 *
 * A command that costs the connection each time it is sent would keep the client from ever working:
 * the oldest unanswered command fails after REDIS_KEEP_LOSSES_MAX losses, and at once when its
 * reply was over the limit.
 *
 * Deadline: how long the server has been silent while the oldest sent command is the next to be
 * answered. Replies come in order, so a long pipeline that is being answered is not late.
 *
 * Callbacks may send commands and may destroy the client: each call goes through call_reply() or
 * call_state(), which say whether the client still exists. Resolving, connecting, TLS and greeting
 * are redis_link.c's. */
#include "mentiond/redis.h"

#include <errno.h>
#include <sys/queue.h>

#include <event2/util.h>

#include "mentiond/clock.h"
#include "redis_link.h"

#define SEND_WINDOW (1024 * 1024) /* bytes handed to the socket at a time */
#define ARGS_MAX 100000           /* of one command */
#define SLOW_REPLY_TIMES 10       /* its time-out: what a reply may take that keeps coming */

struct item {
    TAILQ_ENTRY(item) entry;
    char *text; /* owned; as it goes over the wire */
    size_t len;
    unsigned flags;
    unsigned losses; /* connections lost while this was the oldest unanswered */
    bool is_sent;
    struct waiter *waiter; /* takes the outcome instead of `reply`; or NULL */
    int64_t accepted_ms;   /* monotonic */
    int64_t timeout_ms;    /* from becoming the next to be answered */
    redis_reply_fn *reply; /* may be NULL */
    void *user;
};

TAILQ_HEAD(item_list, item);

/* On the stack of redis_command_wait(). */
struct waiter {
    bool is_done, is_late;
    struct redisReply *reply; /* owned; NULL: see err */
    struct error err;
};

struct redis {
    struct event_base *base;      /* borrowed */
    struct redis_address address; /* owned */
    char *ca_file;                /* owned, may be NULL */
    struct redis_options options; /* times only: its texts are borrowed no longer */
    redis_state_fn *on_state;     /* may be NULL */
    void *user;

    struct redis_dns *dns;   /* owned */
    struct redis_link *link; /* owned; NULL during a pause */
    bool is_up, is_closing;
    bool is_held;           /* the state callback runs: nothing is sent before it returns */
    bool *gone;             /* set by redis_destroy() when a callback runs */
    struct event *dial;     /* ends a pause */
    struct event *deadline; /* of the head */
    unsigned n_failures;    /* in a row, for the pause */

    struct item_list outbox; /* see above */
    struct item_list failed; /* out of the outbox, about to be told */
    struct item *unsent;     /* first that waits; NULL: none */
    int64_t head_since_ms;   /* when the sent head became the next to be answered */
    size_t n_items, n_bytes;
    struct redis_counters counters;
};

static struct timeval timeval_from_ms(int64_t ms)
{
    ms = ms < 0 ? 0 : ms;
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

static void timer_set(struct event *timer, int64_t ms)
{
    const struct timeval tv = timeval_from_ms(ms);

    event_add(timer, &tv);
}

static int error_pass(struct error *to, const struct error *from)
{
    if (to)
        *to = *from;
    return from->code;
}

/* ---- callbacks ------------------------------------------------------------------------------ */

static void item_free(struct item *item)
{
    free(item->text);
    free(item);
}

static void waiter_finish(struct waiter *waiter, struct redisReply *reply, const struct error *err)
{
    waiter->is_done = true;
    waiter->reply = reply;
    if (err)
        waiter->err = *err;
}

/* Ends an item that is in no list any more; takes ownership of the reply. False: the client was
 * destroyed by the callback. */
static bool call_reply(struct redis *redis, struct item *item, struct redisReply *reply,
                       const struct error *err)
{
    bool gone = false;
    bool *outer = redis->gone;

    redis->gone = &gone; /* cppcheck-suppress autoVariables; taken back below, if redis lives */
    if (item->waiter)
        waiter_finish(item->waiter, TAKE(reply), err);
    else if (item->reply)
        item->reply(item->user, reply, err);
    if (reply)
        freeReplyObject(reply);
    item_free(item);
    if (gone) {
        if (outer)
            *outer = true;
        return false;
    }
    redis->gone = outer;
    return true;
}

static bool call_state(struct redis *redis, bool up, const struct error *err)
{
    bool gone = false;

    if (!redis->on_state)
        return true;
    redis->gone = &gone; /* cppcheck-suppress autoVariables; taken back below, if redis lives */
    redis->on_state(redis->user, up, err);
    if (gone)
        return false;
    redis->gone = NULL;
    return true;
}

/* Tells those in `failed`. They wait there, not on the stack, so that redis_destroy() finds them.
 */
static bool failed_tell(struct redis *redis, const struct error *err)
{
    struct item *item;

    while ((item = TAILQ_FIRST(&redis->failed))) {
        TAILQ_REMOVE(&redis->failed, item, entry);
        if (!call_reply(redis, item, NULL, err))
            return false;
    }
    return true;
}

/* ---- outbox --------------------------------------------------------------------------------- */

static size_t item_cost(const struct item *item)
{
    return sizeof *item + item->len;
}

static void outbox_remove(struct redis *redis, struct item *item)
{
    if (redis->unsent == item)
        redis->unsent = TAILQ_NEXT(item, entry);
    TAILQ_REMOVE(&redis->outbox, item, entry);
    redis->n_items--;
    redis->n_bytes -= item_cost(item);
}

static void outbox_fail(struct redis *redis, struct item *item)
{
    outbox_remove(redis, item);
    TAILQ_INSERT_TAIL(&redis->failed, item, entry);
}

static void outbox_insert(struct redis *redis, struct item *item)
{
    struct item *before = NULL;

    if (item->flags & REDIS_FIRST) {
        before = redis->unsent;
        while (before && (before->flags & REDIS_FIRST))
            before = TAILQ_NEXT(before, entry);
    }
    if (before)
        TAILQ_INSERT_BEFORE(before, item, entry);
    else
        TAILQ_INSERT_TAIL(&redis->outbox, item, entry);
    if (!redis->unsent || before == redis->unsent)
        redis->unsent = item;
    redis->n_items++;
    redis->n_bytes += item_cost(item);
}

/* The head that the server owes an answer, or NULL. */
static struct item *outbox_due(const struct redis *redis)
{
    struct item *head = TAILQ_FIRST(&redis->outbox);

    return head && head->is_sent ? head : NULL;
}

/* The timer is set at most for the usual time-out, as the next head may have that one. */
static void deadline_set(struct redis *redis, int64_t left_ms)
{
    const int64_t usual_ms = redis->options.command_timeout_ms;

    timer_set(redis->deadline, left_ms < usual_ms ? left_ms : usual_ms);
}

/* Hands waiting commands to the link. What the link cannot take for want of memory waits for the
 * next chance. */
static void outbox_send(struct redis *redis)
{
    bool was_idle = !outbox_due(redis);
    struct error ignored;

    while (redis->is_up && !redis->is_held && redis->unsent &&
           redis_link_backlog(redis->link) < SEND_WINDOW) {
        struct item *item = redis->unsent;

        if (redis_link_send(redis->link, item->text, item->len, &ignored) < 0)
            break;
        item->is_sent = true;
        redis->unsent = TAILQ_NEXT(item, entry);
    }
    if (was_idle && outbox_due(redis)) {
        redis->head_since_ms = clock_monotonic_ms();
        deadline_set(redis, outbox_due(redis)->timeout_ms);
    }
}

/* What a lost connection means for each command: see the top. */
static void outbox_after_loss(struct redis *redis)
{
    struct item *head = outbox_due(redis);
    struct item *item, *next;

    if (head && ++head->losses >= REDIS_KEEP_LOSSES_MAX)
        head->flags &= ~(unsigned)REDIS_KEEP;
    for (item = TAILQ_FIRST(&redis->outbox); item && item->is_sent; item = next) {
        next = TAILQ_NEXT(item, entry);
        if (item->flags & REDIS_KEEP) {
            item->is_sent = false;
            redis->counters.resent++;
        } else {
            redis->counters.unknown++;
            outbox_fail(redis, item);
        }
    }
    redis->unsent = TAILQ_FIRST(&redis->outbox);
}

/* Waiting commands that need not be kept do not wait for ever. */
static void outbox_give_up_old(struct redis *redis)
{
    int64_t now_ms = clock_monotonic_ms();
    struct item *item, *next;

    for (item = TAILQ_FIRST(&redis->outbox); item; item = next) {
        bool is_old = !(item->flags & REDIS_KEEP) && now_ms - item->accepted_ms >= item->timeout_ms;

        next = TAILQ_NEXT(item, entry);
        if (is_old || item->waiter)
            outbox_fail(redis, item);
    }
}

/* ---- link ----------------------------------------------------------------------------------- */

/* Doubles with each failure up to the maximum; the last half of it is random, so that daemons which
 * lost the same server do not return together. */
static int64_t pause_ms(const struct redis *redis)
{
    int64_t ms = redis->options.backoff_min_ms;
    uint32_t random;

    for (unsigned i = 1; i < redis->n_failures && ms < redis->options.backoff_max_ms; i++)
        ms *= 2;
    if (ms > redis->options.backoff_max_ms)
        ms = redis->options.backoff_max_ms;
    evutil_secure_rng_get_bytes(&random, sizeof random);
    return ms / 2 + (int64_t)random % (ms / 2 + 1);
}

static void link_drop(struct redis *redis)
{
    redis_link_close(redis->link);
    redis->link = NULL;
    redis->is_up = false;
    event_del(redis->deadline);
}

/* The oldest command's reply was: it would be again. For the others the connection was just lost.
 */
static bool reply_too_big(struct redis *redis, struct error *err)
{
    struct item *head = outbox_due(redis);

    redis->counters.replies_too_big++;
    if (head) {
        redis->counters.unknown++;
        outbox_fail(redis, head);
        if (!failed_tell(redis, err))
            return false;
    }
    err->code = -ECONNRESET;
    return true;
}

/* The link is lost, or there could be none. `err` belongs to the caller and outlives the client. */
static void redis_lost(struct redis *redis, const struct error *err)
{
    struct error unknown = *err;
    struct error unsent = *err;

    link_drop(redis);
    redis->n_failures++;
    redis->counters.losses++;
    timer_set(redis->dial, pause_ms(redis));

    error_prefix(&unknown, unknown.code, "no answer, so it is not known whether it was done");
    error_prefix(&unsent, unsent.code, "not sent");
    unsent.code = -ENOTCONN;

    if (err->code == -EFBIG && !reply_too_big(redis, &unknown))
        return;
    outbox_after_loss(redis);
    if (!failed_tell(redis, &unknown))
        return;
    outbox_give_up_old(redis);
    if (!failed_tell(redis, &unsent))
        return;
    call_state(redis, false, err);
}

static void on_link_lost(void *user, const struct error *err)
{
    redis_lost(user, err);
}

static void on_link_up(void *user)
{
    struct redis *redis = user;

    redis->is_up = true;
    redis->n_failures = 0;
    redis->counters.connects++;
    redis->is_held = true;
    if (!call_state(redis, true, NULL))
        return;
    redis->is_held = false;
    outbox_send(redis);
}

static void on_link_reply(void *user, struct redisReply *reply)
{
    struct redis *redis = user;
    struct item *item = outbox_due(redis);
    struct error err = {0};

    if (!item) {
        error_set(&err, -EPROTO, "%s: an answer that nothing asked for", redis->address.name);
        freeReplyObject(reply);
        redis_lost(redis, &err);
        return;
    }
    outbox_remove(redis, item);
    redis->head_since_ms = clock_monotonic_ms();
    if (call_reply(redis, item, reply, NULL))
        outbox_send(redis);
}

static void on_link_drained(void *user)
{
    outbox_send(user);
}

static const struct redis_link_events link_events = {
    .on_up = on_link_up,
    .on_reply = on_link_reply,
    .on_drained = on_link_drained,
    .on_lost = on_link_lost,
};

static void on_dial(evutil_socket_t fd, short what, void *user)
{
    struct redis *redis = user;
    const struct redis_link_options options = {
        .base = redis->base,
        .dns = redis->dns,
        .address = &redis->address,
        .ca_file = redis->ca_file,
        .connect_timeout_ms = redis->options.connect_timeout_ms,
    };
    struct error err = {0};

    (void)fd;
    (void)what;
    if (redis_link_open(&options, &link_events, redis, &redis->link, &err) < 0)
        redis_lost(redis, &err);
}

/* A long reply may take its time as long as it moves, but not for ever. */
static int64_t head_due_ms(const struct redis *redis, const struct item *head)
{
    const int64_t heard_ms = redis_link_heard_ms(redis->link);
    const int64_t silent_ms = heard_ms > redis->head_since_ms ? heard_ms : redis->head_since_ms;
    const int64_t last_ms = redis->head_since_ms + SLOW_REPLY_TIMES * head->timeout_ms;

    return silent_ms + head->timeout_ms < last_ms ? silent_ms + head->timeout_ms : last_ms;
}

/* The timer runs on while replies come: it looks at the head and is set again. */
static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    struct redis *redis = user;
    const struct item *head = outbox_due(redis);
    struct error err = {0};
    int64_t left_ms;

    (void)fd;
    (void)what;
    if (!head)
        return;
    left_ms = head_due_ms(redis, head) - clock_monotonic_ms();
    if (left_ms > 0) {
        deadline_set(redis, left_ms);
        return;
    }
    error_set(&err, -ETIMEDOUT, "%s: no answer for %lld ms", redis->address.name,
              (long long)head->timeout_ms);
    redis_lost(redis, &err);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int text_replace(char **text, const char *with, struct error *err)
{
    char *copy;

    if (!with)
        return 0;
    copy = strdup(with);
    if (!copy)
        return error_oom(err);
    free(*text);
    *text = copy;
    return 0;
}

static int redis_configure(struct redis *redis, const struct redis_options *options,
                           struct error *err)
{
    int r = redis_address_parse(options->url, &redis->address, err);

    if (r < 0)
        return r;
    if (options->connect_timeout_ms <= 0 || options->command_timeout_ms <= 0 ||
        options->backoff_min_ms <= 0 || options->backoff_max_ms < options->backoff_min_ms)
        return error_set(err, -EINVAL, "%s: time-outs and pauses must be positive",
                         redis->address.name);
    redis->options = *options;
    r = text_replace(&redis->address.username, options->username, err);
    if (r == 0)
        r = text_replace(&redis->address.password, options->password, err);
    if (r == 0)
        r = text_replace(&redis->ca_file, options->ca_file, err);
    return r;
}

int redis_create(struct event_base *base, const struct redis_options *options,
                 redis_state_fn *on_state, void *user, struct redis **ret_redis, struct error *err)
{
    struct redis *redis = calloc(1, sizeof *redis);
    int r;

    if (!redis)
        return error_oom(err);
    redis->base = base;
    redis->on_state = on_state;
    redis->user = user;
    TAILQ_INIT(&redis->outbox);
    TAILQ_INIT(&redis->failed);
    r = redis_configure(redis, options, err);
    if (r == 0) {
        redis->dial = evtimer_new(base, on_dial, redis);
        redis->deadline = evtimer_new(base, on_deadline, redis);
        redis->dns = redis_dns_create(base);
        r = redis->dial && redis->deadline && redis->dns ? 0 : error_oom(err);
    }
    if (r < 0) {
        redis_destroy(redis);
        return r;
    }
    timer_set(redis->dial, 0);
    *ret_redis = redis;
    return 0;
}

void redis_destroy(struct redis *redis)
{
    struct error err = {0};
    struct item *item;

    if (!redis || redis->is_closing)
        return;
    redis->is_closing = true;
    redis_link_close(redis->link);
    error_set(&err, -ECANCELED, "the Redis client was closed before an answer came");
    while ((item = TAILQ_FIRST(&redis->outbox)))
        outbox_fail(redis, item);
    failed_tell(redis, &err);

    if (redis->gone)
        *redis->gone = true;
    if (redis->dial)
        event_free(redis->dial);
    if (redis->deadline)
        event_free(redis->deadline);
    redis_dns_release(redis->dns);
    redis_address_finish(&redis->address);
    free(redis->ca_file);
    free(redis);
}

/* ---- commands ------------------------------------------------------------------------------- */

/* False: over the outbox' limit, even alone. */
static bool args_gather(size_t argc, const struct str *argv, const char **texts, size_t *lens)
{
    size_t left = REDIS_OUTBOX_BYTES_MAX;

    for (size_t i = 0; i < argc; i++) {
        if (argv[i].len > left)
            return false;
        left -= argv[i].len;
        texts[i] = argv[i].s ? argv[i].s : "";
        lens[i] = argv[i].len;
    }
    return true;
}

static int command_format(size_t argc, const struct str *argv, struct item *item, struct error *err)
{
    const char **texts = calloc(argc, sizeof *texts);
    size_t *lens = calloc(argc, sizeof *lens);
    int len = 0;
    int r = 0;

    if (!texts || !lens)
        r = error_oom(err);
    else if (!args_gather(argc, argv, texts, lens))
        r = error_set(err, -ENOBUFS, "a command of over %d bytes", REDIS_OUTBOX_BYTES_MAX);
    else
        len = redisFormatCommandArgv(&item->text, (int)argc, texts, lens);
    if (len < 0) {
        item->text = NULL;
        r = error_oom(err);
    }
    item->len = (size_t)len;
    free(texts);
    free(lens);
    return r;
}

/* NULL: see err. */
static struct item *item_create(size_t argc, const struct str *argv, struct error *err)
{
    struct item *item;

    if (argc == 0 || argc > ARGS_MAX) {
        error_set(err, -EINVAL, "a command must have 1 to %d arguments, not %zu", ARGS_MAX, argc);
        return NULL;
    }
    item = calloc(1, sizeof *item);
    if (!item) {
        error_oom(err);
        return NULL;
    }
    if (command_format(argc, argv, item, err) < 0) {
        item_free(item);
        return NULL;
    }
    item->accepted_ms = clock_monotonic_ms();
    return item;
}

/* Takes ownership of the item. */
static int outbox_accept(struct redis *redis, struct item *item, struct error *err)
{
    if (redis->n_items >= REDIS_OUTBOX_COMMANDS_MAX ||
        item_cost(item) > REDIS_OUTBOX_BYTES_MAX - redis->n_bytes) {
        item_free(item);
        redis->counters.outbox_full++;
        error_set(err, -ENOBUFS, "%s: the outbox is full: %zu commands, %zu bytes",
                  redis->address.name, redis->n_items, redis->n_bytes);
        return -ENOBUFS;
    }
    redis->counters.commands++;
    outbox_insert(redis, item);
    outbox_send(redis);
    return 0;
}

int redis_command(struct redis *redis, unsigned flags, size_t argc, const struct str *argv,
                  redis_reply_fn *reply, void *user, struct error *err)
{
    struct error why = {0};
    struct item *item;

    if (redis->is_closing)
        return error_set(err, -ECANCELED, "the Redis client is being closed");
    if ((flags & REDIS_URGENT) && !redis->is_up)
        return error_set(err, -ENOTCONN, "%s: not connected", redis->address.name);
    item = item_create(argc, argv, &why);
    if (!item)
        return error_pass(err, &why);
    item->flags = flags;
    item->timeout_ms = redis->options.command_timeout_ms;
    item->reply = reply;
    item->user = user;
    return outbox_accept(redis, item, err);
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void on_late(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    *(bool *)user = true;
}

/* Runs the loop until the waiter is done, late, or the loop is told to stop. */
static int waiter_run(struct redis *redis, struct waiter *waiter, int64_t timeout_ms,
                      struct error *err)
{
    struct event_base *base = redis->base;
    struct event *late = evtimer_new(base, on_late, &waiter->is_late);
    int r = 0;

    if (!late)
        return error_oom(err);
    timer_set(late, timeout_ms);
    while (r == 0 && !waiter->is_done) {
        if (waiter->is_late)
            r = error_set(err, -ETIMEDOUT, "%s: no answer within %lld ms", redis->address.name,
                          (long long)timeout_ms);
        else if (event_base_loop(base, EVLOOP_ONCE) < 0)
            r = error_set(err, -EINVAL, "redis_command_wait() cannot run the loop from a callback");
        else if (!waiter->is_done && (event_base_got_exit(base) || event_base_got_break(base)))
            r = error_set(err, -EINTR, "stopped while waiting for Redis");
    }
    event_free(late);
    return r;
}

/* Nobody waits any more: what was sent is answered to nobody, what was not is not sent. */
static void item_abandon(struct redis *redis, struct item *item)
{
    item->waiter = NULL;
    if (item->is_sent)
        return;
    outbox_remove(redis, item);
    item_free(item);
}

int redis_command_wait(struct redis *redis, size_t argc, const struct str *argv, int64_t timeout_ms,
                       struct redisReply **ret_reply, struct error *err)
{
    struct waiter waiter = {0};
    struct item *item = item_create(argc, argv, &waiter.err);
    int r;

    if (!item)
        return error_pass(err, &waiter.err);
    item->timeout_ms = timeout_ms;
    item->waiter = &waiter;
    r = outbox_accept(redis, item, err);
    if (r < 0)
        return r;
    if (!redis->link)
        timer_set(redis->dial, 0);
    r = waiter_run(redis, &waiter, timeout_ms, err);
    if (!waiter.is_done)
        item_abandon(redis, item);
    if (r < 0)
        return r;
    if (!waiter.reply)
        return error_pass(err, &waiter.err);
    *ret_reply = waiter.reply;
    return 0;
}

/* ---- looking -------------------------------------------------------------------------------- */

bool redis_is_up(const struct redis *redis)
{
    return redis->is_up;
}

size_t redis_outbox_len(const struct redis *redis)
{
    return redis->n_items;
}

size_t redis_outbox_bytes(const struct redis *redis)
{
    return redis->n_bytes;
}

void redis_counters_get(const struct redis *redis, struct redis_counters *ret)
{
    *ret = redis->counters;
}
