/* Where operators reach a running poller: the hash <ns>:{@ops}:wishes, read each second, of fields
 *
 *   pause|<brand>/<source>   stays until it is taken back: the source is not polled
 *   poll|<brand>/<source>    polled now, by whoever has the lease, who takes the field away
 *
 * with the time (ms) as value. At the start it also reads what earlier runs wrote about each source
 * (health.c).
 *
 * Redis may answer after the poller is gone: the desk outlives it until the last reply, knowing no poller
 * then. */
#include <stdio.h>

#include <hiredis/hiredis.h>

#include "mentiond/clock.h"
#include "poller_internal.h"

#define LOOK_MS 1000
#define WISH_STALE_MS 60000 /* a wish that nobody could fulfil */

struct desk {
    struct poller *poller; /* NULL: gone */
    struct event *timer;   /* owned */
    unsigned n_waiting;    /* replies that have not come */
    char key_wishes[256], key_sources[256];
};

static struct feed *find_feed(const struct poller *poller, struct str name)
{
    struct str source, brand = str_split(name, '/', &source);

    for (size_t i = 0; i < poller->n_feeds; i++) {
        const struct source *one = poller->feeds[i].source;

        if (str_eq(one->name, source) && str_eq(one->brand, brand))
            return &poller->feeds[i];
    }
    return NULL;
}

static struct str text_of(const struct redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? (struct str){reply->str, reply->len} : STR("");
}

/* ---- asking ------------------------------------------------------------------------------------ */

typedef void desk_pair_fn(struct desk *desk, struct str field, struct str value);

/* True while there is a poller to tell; the last reply after its end frees the desk. */
static bool is_still_there(struct desk *desk)
{
    desk->n_waiting--;
    if (desk->poller)
        return true;
    if (desk->n_waiting == 0)
        free(desk);
    return false;
}

static void each_pair(struct desk *desk, const struct redisReply *reply, desk_pair_fn *visit)
{
    for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2)
        visit(desk, text_of(reply->element[i]), text_of(reply->element[i + 1]));
}

static void ask_hash(struct desk *desk, const char *key, redis_reply_fn *on_reply)
{
    struct str argv[] = {STR("HGETALL"), str_from(key)};

    if (redis_command(store_redis(desk->poller->options.store), 0, ARRAY_LEN(argv), argv, on_reply, desk,
                      NULL) == 0)
        desk->n_waiting++;
}

/* ---- wishes ------------------------------------------------------------------------------------ */

static void drop_wish(const struct desk *desk, struct str field)
{
    struct str argv[] = {STR("HDEL"), str_from(desk->key_wishes), field};

    redis_command(store_redis(desk->poller->options.store), REDIS_URGENT, ARRAY_LEN(argv), argv, NULL, NULL,
                  NULL);
}

static void take_poll(struct desk *desk, struct str field, struct str name, struct str value)
{
    struct feed *feed = find_feed(desk->poller, name);
    int64_t at_ms;

    if (feed && account_has_lease(feed->account)) {
        feed_poll_now(feed);
        drop_wish(desk, field);
    } else if (!str_to_i64(value, 0, INT64_MAX, &at_ms) || clock_now_ms() - at_ms > WISH_STALE_MS) {
        drop_wish(desk, field);
    }
}

static void take_wish(struct desk *desk, struct str field, struct str value)
{
    struct str name, kind = str_split(field, '|', &name);
    struct feed *feed;

    if (str_eq(kind, STR("poll"))) {
        take_poll(desk, field, name, value);
    } else if (str_eq(kind, STR("pause"))) {
        feed = find_feed(desk->poller, name);
        if (feed)
            feed->pause_wished = true;
    }
}

static void on_wishes(void *user, const struct redisReply *reply, const struct error *err)
{
    struct desk *desk = user;
    struct poller *poller = desk->poller;

    (void)err;
    if (!is_still_there(desk) || !reply || reply->type != REDIS_REPLY_ARRAY || poller->draining)
        return;
    for (size_t i = 0; i < poller->n_feeds; i++)
        poller->feeds[i].pause_wished = false;
    each_pair(desk, reply, take_wish);
    for (size_t i = 0; i < poller->n_feeds; i++)
        feed_pause(&poller->feeds[i], poller->feeds[i].pause_wished);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    struct desk *desk = user;
    struct timeval next = {LOOK_MS / 1000, LOOK_MS % 1000 * 1000};

    (void)fd;
    (void)what;
    evtimer_add(desk->timer, &next);
    if (desk->n_waiting == 0)
        ask_hash(desk, desk->key_wishes, on_wishes);
}

/* ---- what was known ---------------------------------------------------------------------------- */

static void take_known(struct desk *desk, struct str field, struct str value)
{
    struct feed *feed = find_feed(desk->poller, field);

    if (feed)
        health_restore(feed, value);
}

static void on_known(void *user, const struct redisReply *reply, const struct error *err)
{
    struct desk *desk = user;

    (void)err;
    if (is_still_there(desk))
        each_pair(desk, reply, take_known);
}

/* ---- life -------------------------------------------------------------------------------------- */

int desk_create(struct poller *poller, struct desk **ret, struct error *err)
{
    struct str name_space = store_name_space(poller->options.store);
    struct desk *desk = calloc(1, sizeof(*desk));

    if (!desk)
        return error_oom(err);
    desk->poller = poller;
    desk->timer = evtimer_new(poller->options.base, on_timer, desk);
    if (!desk->timer) {
        free(desk);
        return error_oom(err);
    }
    snprintf(desk->key_wishes, sizeof(desk->key_wishes), "%.*s:{@ops}:wishes", STR_FMT(name_space));
    snprintf(desk->key_sources, sizeof(desk->key_sources), "%.*s:{@ops}:sources", STR_FMT(name_space));
    *ret = desk;
    return 0;
}

void desk_start(struct desk *desk)
{
    struct timeval now = {0, 0};

    ask_hash(desk, desk->key_sources, on_known);
    if (!desk->poller->options.once)
        evtimer_add(desk->timer, &now);
}

void desk_destroy(struct desk *desk)
{
    if (!desk)
        return;
    event_free(desk->timer);
    desk->timer = NULL;
    desk->poller = NULL;
    if (desk->n_waiting == 0)
        free(desk);
}
