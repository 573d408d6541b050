/* Calls of the queue library: keys, error words, repeating. A call lives in store->pending from the
 * moment it is accepted until its callback ran, so that it can be sent again (server busy moving or loading,
 * library lost) without the caller knowing. Changing calls carry `req` or `seq`: a repeat changes nothing. */
#include "store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 2000

/* ---- words ----------------------------------------------------------------------------------- */

static const struct {
    struct str prefix;
    enum store_word word;
} words[] = {
    {{"BADARG", 6}, STORE_BADARG},
    {{"NOBRAND", 7}, STORE_NOBRAND},
    {{"NOSUCHMENTION", 13}, STORE_NOSUCHMENTION},
    {{"NOSUCHOUTAGE", 12}, STORE_NOSUCHOUTAGE},
    {{"HELD", 4}, STORE_HELD},
    {{"NOTOWNER", 8}, STORE_NOTOWNER},
    {{"BADSTATE", 8}, STORE_BADSTATE},
    {{"TOOMANY", 7}, STORE_TOOMANY},
    {{"OVERBUDGET", 10}, STORE_OVERBUDGET},
    {{"STALE", 5}, STORE_STALE},
    {{"OLDLIB", 6}, STORE_OLDLIB},
    {{"OOM", 3}, STORE_OOM},
};

/* Said by a server that will soon be able again: protocol.md section 1. */
static const struct str passing_errors[] = {
    {"TRYAGAIN", 8}, {"ASK", 3}, {"MOVED", 5}, {"CLUSTERDOWN", 11}, {"LOADING", 7},
    {"MASTERDOWN", 10}, {"READONLY", 8}, {"BUSY", 4},
};

static struct str first_word(struct str text)
{
    struct str rest;

    return str_split(text, ' ', &rest);
}

static enum store_word word_of(struct str error)
{
    struct str first = first_word(error);

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(first, words[i].prefix))
            return words[i].word;
    }
    return STORE_OTHER;
}

static bool will_pass(struct str error)
{
    struct str first = first_word(error);

    for (size_t i = 0; i < ARRAY_LEN(passing_errors); i++) {
        if (str_eq(first, passing_errors[i]))
            return true;
    }
    return false;
}

/* ---- one call -------------------------------------------------------------------------------- */

static void pending_destroy(struct store_pending *call)
{
    if (!call)
        return;
    if (call->link) {
        *call->link = call->next;
        if (call->next)
            call->next->link = call->link;
    }
    if (call->retry)
        event_free(call->retry);
    for (size_t i = 0; call->argv && i < call->argc; i++)
        free((char *)call->argv[i].s);
    free(call->argv);
    free(call);
}

void store_pending_finish(struct store_pending *call, const struct store_reply *reply,
                          const struct error *err)
{
    if (call->done)
        call->done(call->user, reply, err);
    pending_destroy(call);
}

static void on_retry(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    store_pending_send(user);
}

static void retry_later(struct store_pending *call, struct str error)
{
    int64_t wait_ms = RETRY_MIN_MS << (call->tries < 6 ? call->tries : 6);
    struct timeval wait;
    struct error err;

    if (wait_ms > RETRY_MAX_MS)
        wait_ms = RETRY_MAX_MS;
    wait = (struct timeval){wait_ms / 1000, wait_ms % 1000 * 1000};
    if (!call->retry)
        call->retry = event_new(call->store->base, -1, 0, on_retry, call);
    if (++call->tries > STORE_RETRIES_MAX || !call->retry || event_add(call->retry, &wait) < 0) {
        error_set(&err, -EAGAIN, "redis: %.*s %.*s: given up after %u tries: %.*s",
                  STR_FMT(call->argv[0]), STR_FMT(call->argv[1]), call->tries, STR_FMT(error));
        store_pending_finish(call, NULL, &err);
    }
}

static void on_error_reply(struct store_pending *call, struct str text)
{
    struct store_reply reply = {.word = word_of(text), .error = text};

    if (str_find(text, STR("Function not found")) != SIZE_MAX && call->tries < STORE_RETRIES_MAX) {
        call->tries++;
        call->waits_for_library = true;
        store_library_load(call->store);
    } else if (will_pass(text)) {
        retry_later(call, text);
    } else {
        store_pending_finish(call, &reply, NULL);
    }
}

static void on_reply(void *user, const struct redisReply *reply, const struct error *err)
{
    struct store_pending *call = user;
    struct store_reply answer = {.word = STORE_OK};

    if (!reply) {
        store_pending_finish(call, NULL, err);
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        on_error_reply(call, (struct str){reply->str, reply->len});
        return;
    }
    answer.is_null = reply->type == REDIS_REPLY_NIL;
    if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS)
        answer.text = (struct str){reply->str, reply->len};
    store_pending_finish(call, &answer, NULL);
}

void store_pending_send(struct store_pending *call)
{
    struct redis *redis = call->store->redis;
    struct error err = {0};

    call->waits_for_library = false;
    if (redis_command(redis, call->redis_flags, call->argc, call->argv, on_reply, call, &err) < 0)
        store_pending_finish(call, NULL, &err);
}

/* ---- making calls ---------------------------------------------------------------------------- */

static struct str copy_str(struct str text)
{
    return (struct str){str_dup(text), text.len};
}

/* "<ns>:{<name>}" or "<ns>:{@<name>}", with a tail. */
static struct str make_key(const struct store *store, const char *at, struct str name,
                           const char *tail)
{
    char *key = NULL;
    int len = asprintf(&key, "%s:{%s%.*s}%s", store->name_space, at, STR_FMT(name), tail);

    return len < 0 ? (struct str){NULL, 0} : (struct str){key, (size_t)len};
}

static struct store_pending *pending_create(struct store *store, size_t argc, store_reply_fn *done,
                                            void *user)
{
    struct store_pending *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    *call = (struct store_pending){
        .store = store, .argc = argc, .redis_flags = REDIS_KEEP, .done = done, .user = user};
    call->argv = calloc(argc, sizeof(*call->argv));
    if (!call->argv) {
        free(call);
        return NULL;
    }
    call->next = store->pending;
    call->link = &store->pending;
    if (call->next)
        call->next->link = &call->next;
    store->pending = call;
    return call;
}

static bool all_copied(const struct store_pending *call)
{
    for (size_t i = 0; i < call->argc; i++) {
        if (!call->argv[i].s)
            return false;
    }
    return true;
}

/* Sends a call whose argv is filled; frees it when it is refused at once. */
static int pending_start(struct store_pending *call, struct error *err)
{
    int r = 0;

    if (!all_copied(call))
        r = error_oom(err);
    else if (call->store->library != LIBRARY_READY) {
        call->waits_for_library = true;
        store_library_load(call->store);
    } else {
        r = redis_command(call->store->redis, call->redis_flags, call->argc, call->argv, on_reply, call, err);
    }
    if (r < 0)
        pending_destroy(call);
    return r;
}

static int call_with_key(struct store *store, const char *at, struct str name, const char *function,
                         struct str json_args, unsigned flags, store_reply_fn *done, void *user,
                         struct error *err)
{
    struct store_pending *call = pending_create(store, 6, done, user);

    if (!call)
        return error_oom(err);
    call->argv[0] = copy_str(flags & STORE_READ ? STR("FCALL_RO") : STR("FCALL"));
    call->argv[1] = copy_str(str_from(function));
    call->argv[2] = copy_str(STR("2"));
    call->argv[3] = make_key(store, at, name, "");
    call->argv[4] = make_key(store, at, name, ":-");
    call->argv[5] = copy_str(json_args);
    if (flags & STORE_NOW)
        call->redis_flags = REDIS_URGENT;
    return pending_start(call, err);
}

int store_call(struct store *store, struct str brand, const char *function, struct str json_args,
               unsigned flags, store_reply_fn *done, void *user, struct error *err)
{
    return call_with_key(store, "", brand, function, json_args, flags, done, user, err);
}

/* Accounts are named by people or after hosts and paths; a key takes [A-Za-z0-9._@-]{1,64}. A name that has
 * to be changed gets a hash of the whole behind it, so that two names never become one. */
#define ACCOUNT_KEY_NAME_MAX 48

static struct str account_key_name(struct str account, char storage[ACCOUNT_KEY_NAME_MAX + 18])
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    bool changed = account.len > ACCOUNT_KEY_NAME_MAX;
    size_t n = 0;

    for (size_t i = 0; i < account.len; i++) {
        char c = account.s[i];
        bool usable = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      (c != '\0' && strchr("._@-", c));

        hash = (hash ^ (unsigned char)c) * 1099511628211u;
        changed = changed || !usable;
        if (n < ACCOUNT_KEY_NAME_MAX)
            storage[n++] = usable ? c : '-';
    }
    if (changed)
        n += (size_t)sprintf(storage + n, "-%08x", (unsigned)(hash ^ hash >> 32));
    return (struct str){storage, n};
}

int store_call_account(struct store *store, struct str account, const char *function,
                       struct str json_args, unsigned flags, store_reply_fn *done, void *user,
                       struct error *err)
{
    char storage[ACCOUNT_KEY_NAME_MAX + 18];

    return call_with_key(store, "@", account_key_name(account, storage), function, json_args, flags, done,
                         user, err);
}

/* ---- calls that wait ------------------------------------------------------------------------- */

struct waiting {
    struct event_base *base;
    bool done, timed_out;
    int code;
    struct buf *out;
    struct store_reply *reply;
    struct error *err;
    size_t error_len;
};

static void on_waited(void *user, const struct store_reply *reply, const struct error *err)
{
    struct waiting *w = user;

    w->done = true;
    if (reply) {
        *w->reply = *reply;
        buf_reset(w->out);
        buf_append_str(w->out, reply->text);
        buf_append_str(w->out, reply->error);
        w->error_len = reply->error.len;
    } else {
        w->code = error_set(w->err, err->code, "%s", err->text);
    }
    event_base_loopbreak(w->base);
}

static void on_wait_over(evutil_socket_t fd, short what, void *user)
{
    struct waiting *w = user;

    (void)fd;
    (void)what;
    w->timed_out = true;
    event_base_loopbreak(w->base);
}

void store_forget(struct store *store, const void *user)
{
    for (struct store_pending *call = store->pending; call; call = call->next) {
        if (call->user == user)
            call->done = NULL;
    }
}

int store_call_wait(struct store *store, struct str brand, const char *function, struct str json_args,
                    unsigned flags, int64_t timeout_ms, struct buf *out, struct store_reply *ret_reply,
                    struct error *err)
{
    struct waiting w = {.base = store->base, .out = out, .reply = ret_reply, .err = err};
    struct timeval limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    struct event *timer = event_new(store->base, -1, 0, on_wait_over, &w);
    int r;

    if (!timer || event_add(timer, &limit) < 0) {
        if (timer)
            event_free(timer);
        return error_oom(err);
    }
    r = store_call(store, brand, function, json_args, flags, on_waited, &w, err);
    while (r == 0 && !w.done && !w.timed_out)
        event_base_loop(store->base, EVLOOP_ONCE);
    event_free(timer);
    if (r < 0)
        return r;
    if (!w.done) {
        store_forget(store, &w);
        return error_set(err, -ETIMEDOUT, "redis: no answer to %s within %lld ms", function,
                         (long long)timeout_ms);
    }
    if (w.code < 0)
        return w.code;
    if (out->failed)
        return error_set(err, -EFBIG, "redis: the answer to %s is larger than expected", function);
    ret_reply->text = str_slice(buf_str(out), 0, out->len - w.error_len);
    ret_reply->error = str_slice(buf_str(out), out->len - w.error_len, out->len);
    return 0;
}

/* ---- the rest -------------------------------------------------------------------------------- */

void store_make_req(char ret_req[33])
{
    unsigned char random[16];

    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        abort(); /* cannot happen for 16 bytes on Linux 3.17 or later */
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(ret_req + 2 * i, 3, "%02x", random[i]);
}

int store_ingest(struct store *store, const struct store_batch *batch, store_reply_fn *done, void *user,
                 struct error *err)
{
    struct store_pending *call = pending_create(store, 7 + batch->n_mentions, done, user);
    struct buf text = BUF_INIT(STORE_BATCH_BYTES_MAX);

    if (!call)
        return error_oom(err);
    call->argv[0] = copy_str(STR("FCALL"));
    call->argv[1] = copy_str(STR("mention_ingest"));
    call->argv[2] = copy_str(STR("2"));
    call->argv[3] = make_key(store, "", batch->brand, "");
    call->argv[4] = make_key(store, "", batch->brand, ":-");
    store_batch_header(batch, &text);
    call->argv[5] = copy_str(buf_str(&text));
    buf_reset(&text);
    store_batch_fields(batch, &text);
    call->argv[6] = copy_str(buf_str(&text));
    for (size_t i = 0; i < batch->n_mentions; i++) {
        buf_reset(&text);
        mention_to_json(batch->mentions[i], &text);
        call->argv[7 + i] = copy_str(buf_str(&text));
    }
    buf_finish(&text);
    return pending_start(call, err);
}

/* A JSON header, and bytes that no JSON could hold as cheaply. */
static int commit(struct store *store, struct str brand, struct str function, struct str json_commit,
                  struct str state, store_reply_fn *done, void *user, struct error *err)
{
    struct store_pending *call = pending_create(store, state.len ? 7 : 6, done, user);

    if (!call)
        return error_oom(err);
    call->argv[0] = copy_str(STR("FCALL"));
    call->argv[1] = copy_str(function);
    call->argv[2] = copy_str(STR("2"));
    call->argv[3] = make_key(store, "", brand, "");
    call->argv[4] = make_key(store, "", brand, ":-");
    call->argv[5] = copy_str(json_commit);
    if (state.len)
        call->argv[6] = copy_str(state);
    return pending_start(call, err);
}

int store_outage_commit(struct store *store, struct str brand, struct str json_commit, struct str state,
                        store_reply_fn *done, void *user, struct error *err)
{
    return commit(store, brand, STR("outage_commit"), json_commit, state, done, user, err);
}

int store_alert_commit(struct store *store, struct str brand, struct str json_commit, struct str state,
                       store_reply_fn *done, void *user, struct error *err)
{
    return commit(store, brand, STR("alert_commit"), json_commit, state, done, user, err);
}

/* {"type":…,"fields":[name, value, …]}, each value as long as the library takes it. */
static void write_ops_event(struct buf *out, const char *type, const struct str *pairs, size_t n_pairs)
{
    buf_append_str(out, STR("{\"type\":"));
    buf_append_json(out, str_from(type));
    buf_append_str(out, STR(",\"fields\":["));
    for (size_t i = 0; i < 2 * n_pairs; i++) {
        if (i)
            buf_append_char(out, ',');
        buf_append_json(out, str_cut_utf8(pairs[i], STORE_OPS_VALUE_MAX));
    }
    buf_append_str(out, STR("]}"));
}

void store_ops_event(struct store *store, const char *type, const struct str *pairs, size_t n_pairs)
{
    struct buf args = BUF_INIT(64 * 1024);
    struct error err = {0};

    write_ops_event(&args, type, pairs, n_pairs < STORE_OPS_PAIRS_MAX ? n_pairs : STORE_OPS_PAIRS_MAX);
    if (!args.failed)
        call_with_key(store, "@", STR("ops"), "ops_say", buf_str(&args), STORE_NOW, NULL, NULL, &err);
    buf_finish(&args);
}

struct redis *store_redis(struct store *store)
{
    return store->redis;
}

struct str store_name_space(const struct store *store)
{
    return str_from(store->name_space);
}

int store_create(struct event_base *base, struct redis *redis, struct str name_space,
                 struct store **ret, struct error *err)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store)
        return error_oom(err);
    store->base = base;
    store->redis = redis;
    store->name_space = str_dup(name_space);
    if (!store->name_space) {
        free(store);
        return error_oom(err);
    }
    *ret = store;
    return 0;
}

void store_destroy(struct store *store)
{
    if (!store)
        return;
    for (struct store_pending *call = store->pending, *next; call; call = next) {
        struct error err;

        next = call->next;
        error_set(&err, -ECANCELED, "redis: closed before an answer came");
        store_pending_finish(call, NULL, &err);
    }
    free(store->name_space);
    free(store);
}
