/* The header of mention_ingest (docs/queue.md): what the library needs of each mention, so that it never has to
 * decode the mention itself. Members that have their default are left out. */
#include "store_internal.h"

#define MS_PER_DAY 86400000LL

static void put_name(struct buf *out, const char *name)
{
    buf_append_str(out, STR(",\""));
    buf_append_str(out, str_from(name));
    buf_append_str(out, STR("\":"));
}

static void member(struct buf *out, const char *name, struct str value)
{
    if (value.len == 0)
        return;
    put_name(out, name);
    buf_append_json(out, value);
}

static void flag(struct buf *out, const char *name, bool value)
{
    if (!value)
        return;
    put_name(out, name);
    buf_append_char(out, '1');
}

static void number(struct buf *out, const char *name, int64_t value)
{
    if (value < 0)
        return;
    put_name(out, name);
    buf_append_i64(out, value);
}

static void signals(struct buf *out, unsigned bits)
{
    const char *separator = ",\"signals\":[";

    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        if (bits & 1u << i) {
            buf_printf(out, "%s\"%s\"", separator, mention_signal_name(1u << i));
            separator = ",";
        }
    }
    if (bits)
        buf_append_char(out, ']');
}

static void topics(struct buf *out, const struct mention *m)
{
    const char *separator = ",\"topics\":[";
    bool any = false;

    for (size_t i = 0; i < m->n_captures; i++) {
        if (!str_eq(m->captures[i].name, STR("topic")))
            continue;
        buf_append_str(out, str_from(separator));
        buf_append_json(out, m->captures[i].value);
        separator = ",";
        any = true;
    }
    if (any)
        buf_append_char(out, ']');
}

static void words(struct buf *out, const struct mention *m)
{
    for (size_t i = 0; i < m->n_words; i++) {
        buf_append_str(out, i ? STR(",") : STR(",\"words\":["));
        buf_append_i64(out, m->words[i]);
    }
    if (m->n_words)
        buf_append_char(out, ']');
}

static int64_t age_days(const struct mention *m)
{
    if (m->author.created_at_ms <= 0 || m->author.created_at_ms > m->fetched_at_ms)
        return -1;
    return (m->fetched_at_ms - m->author.created_at_ms) / MS_PER_DAY;
}

static void append_mention(struct buf *out, const struct mention *m)
{
    buf_append_str(out, STR("{\"id\":"));
    buf_append_json(out, m->id);
    member(out, "native", m->native);
    member(out, "network", m->network);
    member(out, "lang", m->lang);
    member(out, "class", str_from(mention_class_name(m->class)));
    number(out, "score", m->score);
    number(out, "created_at", m->created_at_ms);
    member(out, "conversation", m->conversation);
    member(out, "in_reply_to", m->in_reply_to);
    member(out, "author", m->author.id);
    number(out, "followers", m->author.followers);
    number(out, "age_days", age_days(m));
    member(out, "place", m->place);
    topics(out, m);
    signals(out, m->signals);
    words(out, m);
    member(out, "repost_of", m->repost_of);
    flag(out, "own", m->own);
    flag(out, "own_parent", m->own_parent);
    flag(out, "root_own", m->root_own);
    flag(out, "addressed", m->addressed);
    flag(out, "backfill", m->backfill);
    buf_append_char(out, '}');
}

void store_batch_header(const struct store_batch *batch, struct buf *out)
{
    buf_append_str(out, STR("{\"source\":"));
    buf_append_json(out, batch->source);
    member(out, "lease", batch->lease);
    number(out, "seq", batch->seq);
    member(out, "cursor", batch->cursor);
    number(out, "fetched_at", batch->fetched_at_ms);
    buf_append_str(out, STR(",\"m\":["));
    for (size_t i = 0; i < batch->n_mentions; i++) {
        if (i)
            buf_append_char(out, ',');
        append_mention(out, batch->mentions[i]);
    }
    buf_append_str(out, STR("]}"));
}
