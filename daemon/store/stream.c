/* Reading of a brand's event stream for several consumers: one page at a time, from the position of the
 * slowest.
 *
 * A read is two commands, sent together: the brand's clock and trimming mark, then the page. The clock is
 * read first, and no later entry is older than it; so once a page had an end, everything before that clock
 * has been seen. Whoever is asked for nothing more by a consumer that waits (a commit under way) reads
 * nothing for it. */
#include "mentiond/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "mentiond/clock.h"
#include "mentiond/log.h"

static const char log_module[] = "store";

#define PAGE_COUNT "500"
/* The stream is never cut within two hours (docs/queue.md, reader_commit): who had seen all of it lately has
 * missed nothing, however quiet the brand was before. */
#define SAFE_MS (INT64_C(60) * 60 * 1000)

struct following {
    struct stream_consumer *consumer; /* NULL: free */
    int64_t complete_ms;              /* everything before this clock has been given to it */
    bool waits;                       /* it said "not now" */
};

struct stream_reader {
    struct store *store;        /* borrowed */
    char *brand, *key, *events; /* owned */
    int64_t interval_ms;
    struct event *timer; /* owned */
    struct following following[STREAM_CONSUMERS_MAX];
    struct stream_id asked_after; /* what the page under way begins with */
    int64_t clock_ms;
    struct stream_id trimmed;
    unsigned under_way; /* commands without an answer, and a page that is being given */
    bool failed;        /* one of them */
    bool dead;          /* destroyed; freed with the last answer */
    struct log_repeat failing;
};

/* ---- ids -------------------------------------------------------------------------------------- */

bool stream_id_parse(struct str text, struct stream_id *ret)
{
    struct str rest, first = str_split(text, '-', &rest);
    struct stream_id id = {0, 0};

    if (!str_to_i64(first, 0, INT64_MAX, &id.ms) || (rest.s && !str_to_i64(rest, 0, INT64_MAX, &id.seq)))
        return false;
    *ret = id;
    return true;
}

void stream_id_format(struct stream_id id, char ret_text[STREAM_ID_TEXT])
{
    snprintf(ret_text, STREAM_ID_TEXT, "%lld-%lld", (long long)id.ms, (long long)id.seq);
}

int stream_id_compare(struct stream_id a, struct stream_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return (a.seq > b.seq) - (a.seq < b.seq);
}

struct str stream_field(const struct stream_entry *entry, const char *name)
{
    for (size_t i = 0; i + 1 < entry->n_fields; i += 2) {
        if (str_eq(entry->fields[i], str_from(name)))
            return entry->fields[i + 1];
    }
    return STR("");
}

static void read_in(struct stream_reader *reader, int64_t ms)
{
    struct timeval wait = {ms / 1000, ms % 1000 * 1000};

    evtimer_add(reader->timer, &wait);
}

/* ---- giving ----------------------------------------------------------------------------------- */

static struct str reply_str(const struct redisReply *reply)
{
    bool text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;

    return text ? (struct str){reply->str, reply->len} : STR("");
}

static bool read_entry(const struct redisReply *reply, struct stream_entry *ret)
{
    const struct redisReply *list;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[1]->type != REDIS_REPLY_ARRAY ||
        !stream_id_parse(reply_str(reply->element[0]), &ret->id))
        return false;
    list = reply->element[1];
    for (ret->n_fields = 0; ret->n_fields < list->elements && ret->n_fields < STREAM_FIELDS_MAX;
         ret->n_fields++)
        ret->fields[ret->n_fields] = reply_str(list->element[ret->n_fields]);
    return true;
}

static void give_entry(struct stream_reader *reader, const struct stream_entry *entry)
{
    for (size_t i = 0; i < STREAM_CONSUMERS_MAX; i++) {
        struct following *f = &reader->following[i];

        if (!f->consumer || f->waits || stream_id_compare(f->consumer->position, entry->id) >= 0 ||
            stream_id_compare(f->consumer->position, reader->asked_after) < 0)
            continue;
        if (!f->consumer->entry(f->consumer->user, entry))
            f->waits = true;
        else if (f->consumer)
            f->consumer->position = entry->id;
    }
}

/* The page had an end, so whoever took all of it knows everything before the clock. */
static void give_clock(struct stream_reader *reader)
{
    for (size_t i = 0; i < STREAM_CONSUMERS_MAX; i++) {
        struct following *f = &reader->following[i];

        if (!f->consumer || f->waits || stream_id_compare(f->consumer->position, reader->asked_after) < 0)
            continue;
        f->complete_ms = reader->clock_ms;
        if (f->consumer->clock)
            f->consumer->clock(f->consumer->user, reader->clock_ms);
    }
}

static void say_gap(struct stream_reader *reader, struct following *f)
{
    char from[STREAM_ID_TEXT], first[STREAM_ID_TEXT];
    struct str pairs[] = {STR("brand"),  str_from(reader->brand),
                          STR("reader"), str_from(f->consumer->name),
                          STR("from"),   {0},
                          STR("to"),     {0}};

    stream_id_format(f->consumer->position, from);
    stream_id_format(reader->trimmed, first);
    pairs[5] = str_from(from);
    pairs[7] = str_from(first);
    log_warn("events were cut off the stream before they were read", field_text("reader", f->consumer->name),
             field_text("brand", reader->brand), field_text("from", from), field_text("to", first));
    store_ops_event(reader->store, "reader.gap", pairs, ARRAY_LEN(pairs) / 2);
}

static void look_for_gaps(struct stream_reader *reader)
{
    for (size_t i = 0; i < STREAM_CONSUMERS_MAX; i++) {
        struct following *f = &reader->following[i];
        struct stream_id *at = f->consumer ? &f->consumer->position : NULL;

        if (!at || stream_id_compare(*at, reader->trimmed) >= 0)
            continue;
        if ((at->ms > 0 || at->seq > 0) && f->complete_ms + SAFE_MS < reader->clock_ms) {
            say_gap(reader, f);
            if (f->consumer->gap)
                f->consumer->gap(f->consumer->user, reader->trimmed);
            if (!f->consumer)
                continue;
        }
        *at = reader->trimmed;
        if (at->seq > 0) /* the mark itself is kept, and still to be read */
            at->seq--;
        else
            *at = (struct stream_id){at->ms - 1, INT64_MAX};
    }
}

static void take_page(struct stream_reader *reader, const struct redisReply *page)
{
    struct stream_entry entry;

    for (size_t i = 0; i < page->elements; i++) {
        if (read_entry(page->element[i], &entry))
            give_entry(reader, &entry);
    }
    if (page->elements < STREAM_PAGE_MAX)
        give_clock(reader);
    else if (!reader->dead)
        read_in(reader, 0);
}

/* ---- reading ---------------------------------------------------------------------------------- */

static void on_failed(struct stream_reader *reader, const struct redisReply *reply, const struct error *err)
{
    if (!reader->failed && log_repeat_due(&reader->failing))
        log_warn("events not read, trying again", field_text("brand", reader->brand),
                 field_text("error", err                   ? err->text
                                     : reply && reply->str ? reply->str
                                                           : "an answer of no use"));
    reader->failed = true;
}

static void reader_free(struct stream_reader *reader)
{
    free(reader->brand);
    free(reader->key);
    free(reader->events);
    free(reader);
}

/* False when the reader is dead; with its last answer it is freed. */
static bool answered(struct stream_reader *reader)
{
    bool dead = reader->dead;

    reader->under_way--;
    if (dead && reader->under_way == 0)
        reader_free(reader);
    return !dead;
}

static void on_settings(void *user, const struct redisReply *reply, const struct error *err)
{
    struct stream_reader *reader = user;

    if (!answered(reader))
        return;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        on_failed(reader, reply, err);
        return;
    }
    reader->trimmed = (struct stream_id){0, 0};
    stream_id_parse(reply_str(reply->element[0]), &reader->trimmed);
    str_to_i64(reply_str(reply->element[1]), 0, INT64_MAX, &reader->clock_ms);
}

static void on_page(void *user, const struct redisReply *reply, const struct error *err)
{
    struct stream_reader *reader = user;

    if (!answered(reader))
        return;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        on_failed(reader, reply, err);
        return;
    }
    if (reader->failed)
        return;
    log_repeat_over(&reader->failing);
    reader->under_way++; /* nobody frees it meanwhile */
    if (stream_id_compare(reader->asked_after, reader->trimmed) < 0)
        look_for_gaps(reader);
    take_page(reader, reply);
    answered(reader);
}

/* From where to read: false when nobody wants anything. */
static bool slowest(const struct stream_reader *reader, struct stream_id *ret)
{
    bool any = false;

    for (size_t i = 0; i < STREAM_CONSUMERS_MAX; i++) {
        const struct following *f = &reader->following[i];

        if (!f->consumer || f->waits || (any && stream_id_compare(f->consumer->position, *ret) >= 0))
            continue;
        *ret = f->consumer->position;
        any = true;
    }
    return any;
}

static bool send_command(struct stream_reader *reader, size_t argc, const struct str *argv,
                         redis_reply_fn *done)
{
    struct error err = {0};

    if (redis_command(store_redis(reader->store), REDIS_URGENT, argc, argv, done, reader, &err) < 0) {
        on_failed(reader, NULL, &err);
        return false;
    }
    reader->under_way++;
    return true;
}

static void read_next(struct stream_reader *reader)
{
    char after[STREAM_ID_TEXT + 1] = "(";
    struct str settings[] = {STR("HMGET"), str_from(reader->key), STR("trimmed"), STR("clock")};
    struct str page[] = {STR("XRANGE"), str_from(reader->events), {0}, STR("+"),
                         STR("COUNT"),  STR(PAGE_COUNT)};

    if (reader->under_way > 0 || !slowest(reader, &reader->asked_after))
        return;
    stream_id_format(reader->asked_after, after + 1);
    page[2] = str_from(after);
    reader->failed = false;
    if (send_command(reader, ARRAY_LEN(settings), settings, on_settings))
        send_command(reader, ARRAY_LEN(page), page, on_page);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    struct stream_reader *reader = user;

    (void)fd;
    (void)what;
    read_in(reader, reader->interval_ms);
    read_next(reader);
}

/* ---- life ------------------------------------------------------------------------------------- */

int stream_add(struct stream_reader *reader, struct stream_consumer *consumer, struct error *err)
{
    for (size_t i = 0; i < STREAM_CONSUMERS_MAX; i++) {
        if (reader->following[i].consumer)
            continue;
        reader->following[i] = (struct following){.consumer = consumer};
        read_in(reader, 0);
        return 0;
    }
    return error_set(err, -ENOSPC, "more than %d readers of one stream", STREAM_CONSUMERS_MAX);
}

void stream_remove(struct stream_reader *reader, struct stream_consumer *consumer)
{
    for (size_t i = 0; i < STREAM_CONSUMERS_MAX; i++) {
        if (reader->following[i].consumer == consumer)
            reader->following[i] = (struct following){.consumer = NULL};
    }
}

int64_t stream_clock_ms(const struct stream_reader *reader)
{
    return reader->clock_ms;
}

void stream_wake(struct stream_reader *reader)
{
    for (size_t i = 0; i < STREAM_CONSUMERS_MAX; i++)
        reader->following[i].waits = false;
    read_in(reader, 0);
}

static char *make_key(struct store *store, struct str brand, const char *tail)
{
    char *key = NULL;

    return asprintf(&key, "%.*s:{%.*s}%s", STR_FMT(store_name_space(store)), STR_FMT(brand), tail) < 0 ? NULL
                                                                                                       : key;
}

int stream_reader_create(struct event_base *base, struct store *store, struct str brand, int64_t interval_ms,
                         struct stream_reader **ret, struct error *err)
{
    struct stream_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return error_oom(err);
    reader->store = store;
    reader->interval_ms = interval_ms;
    reader->brand = str_dup(brand);
    reader->key = make_key(store, brand, "");
    reader->events = make_key(store, brand, ":events");
    reader->timer = evtimer_new(base, on_timer, reader);
    if (!reader->brand || !reader->key || !reader->events || !reader->timer) {
        stream_reader_destroy(reader);
        return error_oom(err);
    }
    *ret = reader;
    return 0;
}

void stream_reader_destroy(struct stream_reader *reader)
{
    if (!reader)
        return;
    if (reader->timer)
        event_free(TAKE(reader->timer));
    memset(reader->following, 0, sizeof(reader->following));
    reader->dead = true;
    if (reader->under_way == 0)
        reader_free(reader);
}
