/* Loading of the queue library: asks the server which version it has, loads ours if that is missing or older,
 * never over a newer one. Done under WATCH of a version key, so that of two daemons starting together one
 * wins and the other sees its work. */
#include "store_internal.h"

#include <errno.h>
#include <stdio.h>

#include "mentiond/log.h"

static const char log_module[] = "store";

#define LIBRARY_TRIES_MAX 5

static void ask_version(struct store *store);

void store_library_done(struct store *store, const struct error *err)
{
    store->library = err ? LIBRARY_UNKNOWN : LIBRARY_READY;
    store->library_tries = 0;
    for (struct store_pending *call = store->pending, *next; call; call = next) {
        next = call->next;
        if (!call->waits_for_library)
            continue;
        if (err)
            store_pending_finish(call, NULL, err);
        else
            store_pending_send(call);
    }
}

static void fail(struct store *store, const struct redisReply *reply, const struct error *err)
{
    struct error why;

    if (err)
        why = *err;
    else
        error_set(&why, -EPROTO, "%s", reply && reply->str ? reply->str : "an answer of no use");
    error_prefix(&why, why.code, "redis: loading the queue library");
    store_library_done(store, &why);
}

static int send_command(struct store *store, size_t argc, const struct str *argv,
                        redis_reply_fn *on_reply)
{
    struct error err = {0};
    int r = redis_command(store->redis, 0, argc, argv, on_reply, store, &err);

    if (r < 0)
        fail(store, NULL, &err);
    return r;
}

/* EXEC: nil when somebody else loaded meanwhile; then we look again. */
static void on_exec(void *user, const struct redisReply *reply, const struct error *err)
{
    struct store *store = user;

    if (!reply || reply->type == REDIS_REPLY_ERROR) {
        fail(store, reply, err);
        return;
    }
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR) {
            fail(store, reply->element[i], NULL);
            return;
        }
    }
    if (reply->type == REDIS_REPLY_NIL && ++store->library_tries < LIBRARY_TRIES_MAX) {
        ask_version(store);
        return;
    }
    log_info("queue library loaded", field_text("version", STORE_LIBRARY_VERSION));
    store_library_done(store, NULL);
}

static void load(struct store *store)
{
    const struct str multi[] = {STR("MULTI")}, exec[] = {STR("EXEC")};
    const struct str function[] = {STR("FUNCTION"), STR("LOAD"), STR("REPLACE"),
                                   {store_library, store_library_len}};
    char key[256];
    struct str set[3] = {STR("SET"), {0}, STR(STORE_LIBRARY_VERSION)};

    snprintf(key, sizeof(key), "%s:{@library}:version", store->name_space);
    set[1] = str_from(key);
    if (send_command(store, ARRAY_LEN(multi), multi, NULL) == 0 &&
        send_command(store, ARRAY_LEN(function), function, NULL) == 0 &&
        send_command(store, ARRAY_LEN(set), set, NULL) == 0)
        send_command(store, ARRAY_LEN(exec), exec, on_exec);
}

/* True if `theirs` ("1.4") is of our major and not older than ours. */
static bool is_enough(struct str theirs)
{
    struct str their_minor, our_minor;
    struct str their_major = str_split(theirs, '.', &their_minor);
    struct str our_major = str_split(STR(STORE_LIBRARY_VERSION), '.', &our_minor);
    int64_t a, b;

    return str_eq(their_major, our_major) && str_to_i64(their_minor, 0, INT32_MAX, &a) &&
           str_to_i64(our_minor, 0, INT32_MAX, &b) && a >= b;
}

static void on_version(void *user, const struct redisReply *reply, const struct error *err)
{
    const struct str unwatch[] = {STR("UNWATCH")};
    struct store *store = user;

    if (!reply) {
        fail(store, NULL, err);
        return;
    }
    if (reply->type != REDIS_REPLY_STRING || !is_enough((struct str){reply->str, reply->len})) {
        load(store);
        return;
    }
    redis_command(store->redis, 0, ARRAY_LEN(unwatch), unwatch, NULL, NULL, NULL);
    store_library_done(store, NULL);
}

static void ask_version(struct store *store)
{
    char key[256];
    const struct str version[] = {STR("FCALL_RO"), STR("library_version"), STR("0")};
    struct str watch[2] = {STR("WATCH"), {0}};

    snprintf(key, sizeof(key), "%s:{@library}:version", store->name_space);
    watch[1] = str_from(key);
    if (send_command(store, ARRAY_LEN(watch), watch, NULL) == 0)
        send_command(store, ARRAY_LEN(version), version, on_version);
}

void store_library_load(struct store *store)
{
    if (store->library == LIBRARY_LOADING)
        return;
    store->library = LIBRARY_LOADING;
    ask_version(store);
}
