/* The mention's one JSON form, both ways. The plain members are one table that drives writing and
 * reading, so that the two cannot drift apart; lists and maps (also, scores, signals, hits,
 * captures) have a function each.
 *
 * Members with their default value are left out: a mention waits in Redis by the million. Only
 * `class` and `lang` are always there, for people with jq. `named` is not part of the form: it
 * serves the poller once. */
#include "mentiond/mention.h"

#include <errno.h>

enum field_kind {
    FIELD_TEXT,   /* struct str, absent when empty */
    FIELD_NUMBER, /* int64_t, absent when 0 */
    FIELD_COUNT,  /* int64_t, absent when -1 */
    FIELD_FLAG,   /* bool, absent when false */
};

struct field {
    const char *key; /* with its quotes and colon, as it is written */
    enum field_kind kind;
    size_t offset;
};

#define TEXT(key, member) {"\"" key "\":", FIELD_TEXT, offsetof(struct mention, member)}
#define NUMBER(key, member) {"\"" key "\":", FIELD_NUMBER, offsetof(struct mention, member)}
#define COUNT(key, member) {"\"" key "\":", FIELD_COUNT, offsetof(struct mention, member)}
#define FLAG(key, member) {"\"" key "\":", FIELD_FLAG, offsetof(struct mention, member)}

static const struct field head_fields[] = {
    TEXT("id", id),
    TEXT("native", native),
    TEXT("brand", brand),
    TEXT("source", source),
    TEXT("network", network),
    TEXT("url", url),
    TEXT("text", text),
    TEXT("lang", lang),
    NUMBER("created_at", created_at_ms),
    NUMBER("fetched_at", fetched_at_ms),
    NUMBER("edited_at", edited_at_ms),
    NUMBER("claimed_created_at", claimed_created_at_ms),
};

static const struct field author_fields[] = {
    TEXT("id", author.id),
    TEXT("handle", author.handle),
    TEXT("name", author.name),
    TEXT("location", author.location),
    COUNT("followers", author.followers),
    NUMBER("created_at", author.created_at_ms),
    FLAG("verified", author.verified),
};

static const struct field tail_fields[] = {
    TEXT("conversation", conversation),
    TEXT("in_reply_to", in_reply_to),
    TEXT("in_reply_to_author", in_reply_to_author),
    TEXT("repost_of", repost_of),
    COUNT("likes", likes),
    COUNT("shares", shares),
    COUNT("replies", replies),
    TEXT("place", place),
    TEXT("kind", kind),
    FLAG("addressed", addressed),
    FLAG("truncated", truncated),
    FLAG("backfill", backfill),
    FLAG("own", own),
    FLAG("root_own", root_own),
    FLAG("sensitive", sensitive),
};

/* ---- writing ------------------------------------------------------------------------------- */

/* A comma unless it is the first member, then the key. */
static void put_key(struct buf *out, const char *key)
{
    if (out->len > 0 && out->data[out->len - 1] != '{' && out->data[out->len - 1] != '[')
        buf_append_char(out, ',');
    buf_append_str(out, str_from(key));
}

static void put_number(struct buf *out, const char *key, int64_t number)
{
    put_key(out, key);
    buf_append_i64(out, number);
}

static void put_field(struct buf *out, const struct field *f, const struct mention *m)
{
    const char *at = (const char *)m + f->offset;
    int64_t absent = f->kind == FIELD_COUNT ? -1 : 0;

    switch (f->kind) {
    case FIELD_TEXT: {
        const struct str *text = (const struct str *)(const void *)at;

        if (text->len == 0)
            return;
        put_key(out, f->key);
        buf_append_json(out, *text);
        return;
    }
    case FIELD_NUMBER:
    case FIELD_COUNT: {
        const int64_t *number = (const int64_t *)(const void *)at;

        if (*number != absent)
            put_number(out, f->key, *number);
        return;
    }
    case FIELD_FLAG:
        if (*(const bool *)(const void *)at) {
            put_key(out, f->key);
            buf_append_str(out, STR("true"));
        }
        return;
    }
}

static void put_fields(struct buf *out, const struct field *fields, size_t n, const struct mention *m)
{
    for (size_t i = 0; i < n; i++)
        put_field(out, &fields[i], m);
}

static void put_also(struct buf *out, const struct mention *m)
{
    if (m->n_also == 0)
        return;
    put_key(out, "\"also\":[");
    for (size_t i = 0; i < m->n_also; i++) {
        put_key(out, "");
        buf_append_json(out, m->also[i]);
    }
    buf_append_char(out, ']');
}

static void put_scores(struct buf *out, const struct mention *m)
{
    bool any = false;

    for (size_t c = CLASS_COUNT; c-- > CLASS_NONE + 1;) {
        if (m->scores[c] == 0)
            continue;
        put_key(out, any ? "\"" : "\"scores\":{\"");
        buf_append_str(out, str_from(mention_class_name((enum mention_class)c)));
        buf_append_str(out, STR("\":"));
        buf_append_i64(out, m->scores[c]);
        any = true;
    }
    if (any)
        buf_append_char(out, '}');
}

static void put_signals(struct buf *out, const struct mention *m)
{
    bool any = false;

    for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
        if (!(m->signals & 1u << i))
            continue;
        put_key(out, any ? "\"" : "\"signals\":[\"");
        buf_append_str(out, str_from(mention_signal_name(1u << i)));
        buf_append_char(out, '"');
        any = true;
    }
    if (any)
        buf_append_char(out, ']');
}

static void put_hits(struct buf *out, const struct mention *m)
{
    if (m->n_hits == 0)
        return;
    put_key(out, "\"hits\":[");
    for (size_t i = 0; i < m->n_hits; i++) {
        const struct mention_hit *hit = &m->hits[i];

        put_key(out, "{\"rule\":");
        buf_append_json(out, hit->rule);
        put_key(out, "\"class\":\"");
        buf_append_str(out, str_from(mention_class_name(hit->class)));
        buf_append_char(out, '"');
        put_number(out, "\"score\":", hit->score);
        put_number(out, "\"start\":", hit->start);
        put_number(out, "\"end\":", hit->end);
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
}

static bool capture_named_before(const struct mention *m, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (str_eq(m->captures[i].name, m->captures[at].name))
            return true;
    }
    return false;
}

/* {"topic":["login"],"place":["Leeds","York"]}: lists in the order of their first value. */
static void put_captures(struct buf *out, const struct mention *m)
{
    if (m->n_captures == 0)
        return;
    put_key(out, "\"captures\":{");
    for (size_t i = 0; i < m->n_captures; i++) {
        if (capture_named_before(m, i))
            continue;
        put_key(out, "");
        buf_append_json(out, m->captures[i].name);
        buf_append_str(out, STR(":["));
        for (size_t j = i; j < m->n_captures; j++) {
            if (!str_eq(m->captures[j].name, m->captures[i].name))
                continue;
            put_key(out, "");
            buf_append_json(out, m->captures[j].value);
        }
        buf_append_char(out, ']');
    }
    buf_append_char(out, '}');
}

bool mention_to_json(const struct mention *m, struct buf *out)
{
    size_t start = out->len;

    buf_append_char(out, '{');
    put_fields(out, head_fields, ARRAY_LEN(head_fields), m);
    put_also(out, m);
    put_key(out, "\"author\":{");
    put_fields(out, author_fields, ARRAY_LEN(author_fields), m);
    buf_append_char(out, '}');
    put_fields(out, tail_fields, ARRAY_LEN(tail_fields), m);
    put_key(out, "\"class\":\"");
    buf_append_str(out, str_from(mention_class_name(m->class)));
    buf_append_char(out, '"');
    if (m->score != 0)
        put_number(out, "\"score\":", m->score);
    put_scores(out, m);
    put_signals(out, m);
    put_hits(out, m);
    put_captures(out, m);
    buf_append_char(out, '}');
    return !out->failed && out->len - start <= MENTION_JSON_MAX;
}

/* ---- reading ------------------------------------------------------------------------------- */

struct reading {
    struct arena *arena;
    struct error *err;
};

static int wrong_type(const struct reading *r, const char *member, const char *wanted)
{
    return error_set(r->err, -EINVAL, "%s: not %s", member, wanted);
}

static int take_text(const struct reading *r, const json_t *value, struct str *ret, const char *member)
{
    if (!json_is_string(value))
        return wrong_type(r, member, "a string");
    *ret = arena_str(r->arena, json_text(value));
    return ret->s ? 0 : error_oom(r->err);
}

static int take_field(const struct reading *r, const json_t *object, const struct field *f,
                      struct mention *m)
{
    /* "\"created_at\":" without its quotes and colon */
    char key[32];
    size_t len = strlen(f->key) - 3;
    const json_t *value;
    char *at = (char *)m + f->offset;

    memcpy(key, f->key + 1, len);
    key[len] = '\0';
    value = json_get(object, key);
    if (!value)
        return 0;
    switch (f->kind) {
    case FIELD_TEXT:
        return take_text(r, value, (struct str *)(void *)at, key);
    case FIELD_NUMBER:
    case FIELD_COUNT:
        if (!json_is_integer(value))
            return wrong_type(r, key, "an integer");
        *(int64_t *)(void *)at = json_integer_value(value);
        return 0;
    case FIELD_FLAG:
        if (!json_is_boolean(value))
            return wrong_type(r, key, "true or false");
        *(bool *)(void *)at = json_is_true(value);
        return 0;
    }
    return 0;
}

static int take_fields(const struct reading *r, const json_t *object, const struct field *fields,
                       size_t n, struct mention *m)
{
    for (size_t i = 0; i < n; i++) {
        int code = take_field(r, object, &fields[i], m);

        if (code < 0)
            return code;
    }
    return 0;
}

static int take_author(const struct reading *r, const json_t *object, struct mention *m)
{
    const json_t *author = json_get(object, "author");
    int code;

    if (!author)
        return 0;
    if (!json_is_object(author))
        return wrong_type(r, "author", "an object");
    code = take_fields(r, author, author_fields, ARRAY_LEN(author_fields), m);
    return code < 0 ? error_prefix(r->err, code, "author") : 0;
}

static int take_also(const struct reading *r, const json_t *object, struct mention *m)
{
    const json_t *list = json_get(object, "also");

    if (list && !json_is_array(list))
        return wrong_type(r, "also", "a list");
    for (size_t i = 0; i < json_array_size(list) && m->n_also < MENTION_ALSO_MAX; i++) {
        int code = take_text(r, json_array_get(list, i), &m->also[m->n_also++], "also");

        if (code < 0)
            return code;
    }
    return 0;
}

static int take_class(const struct reading *r, const json_t *object, enum mention_class *ret)
{
    const json_t *value = json_get(object, "class");

    if (value && !mention_class_parse(json_text(value), ret))
        return wrong_type(r, "class", "a class");
    return 0;
}

static int take_int(const struct reading *r, const json_t *value, int *ret, const char *member)
{
    if (!value)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) > INT32_MAX ||
        json_integer_value(value) < INT32_MIN)
        return wrong_type(r, member, "a small integer");
    *ret = (int)json_integer_value(value);
    return 0;
}

static int take_verdict(const struct reading *r, const json_t *object, struct mention *m)
{
    const json_t *scores = json_get(object, "scores"), *signals = json_get(object, "signals");
    int code = take_class(r, object, &m->class);

    if (code == 0)
        code = take_int(r, json_get(object, "score"), &m->score, "score");
    if (code == 0 && scores && !json_is_object(scores))
        code = wrong_type(r, "scores", "an object");
    for (size_t c = CLASS_NONE + 1; code == 0 && c < CLASS_COUNT; c++)
        code = take_int(r, json_get(scores, mention_class_name((enum mention_class)c)), &m->scores[c],
                        "scores");
    if (code == 0 && signals && !json_is_array(signals))
        code = wrong_type(r, "signals", "a list");
    for (size_t i = 0; code == 0 && i < json_array_size(signals); i++) {
        unsigned signal = 0;

        mention_signal_parse(json_text(json_array_get(signals, i)), &signal);
        m->signals |= signal;
    }
    return code;
}

static int take_hit(const struct reading *r, const json_t *value, struct mention_hit *ret)
{
    int start = 0, end = 0;
    int code = take_text(r, json_get(value, "rule"), &ret->rule, "hits.rule");

    if (code == 0)
        code = take_class(r, value, &ret->class);
    if (code == 0)
        code = take_int(r, json_get(value, "score"), &ret->score, "hits.score");
    if (code == 0)
        code = take_int(r, json_get(value, "start"), &start, "hits.start");
    if (code == 0)
        code = take_int(r, json_get(value, "end"), &end, "hits.end");
    if (code == 0 && (start < 0 || end < start))
        code = error_set(r->err, -EINVAL, "hits: start and end are no span");
    ret->start = (uint32_t)start;
    ret->end = (uint32_t)end;
    return code;
}

static int take_hits(const struct reading *r, const json_t *object, struct mention *m)
{
    const json_t *list = json_get(object, "hits");

    if (list && !json_is_array(list))
        return wrong_type(r, "hits", "a list");
    for (size_t i = 0; i < json_array_size(list) && m->n_hits < MENTION_HITS_MAX; i++) {
        int code = take_hit(r, json_array_get(list, i), &m->hits[m->n_hits++]);

        if (code < 0)
            return code;
    }
    return 0;
}

static int take_capture(const struct reading *r, const char *name, const json_t *list,
                        struct mention *m)
{
    struct str owned_name = arena_str(r->arena, str_from(name));

    if (!owned_name.s)
        return error_oom(r->err);
    if (!json_is_array(list))
        return wrong_type(r, "captures", "an object of lists");
    for (size_t i = 0; i < json_array_size(list) && m->n_captures < MENTION_CAPTURES_MAX; i++) {
        struct mention_capture *capture = &m->captures[m->n_captures++];
        int code = take_text(r, json_array_get(list, i), &capture->value, "captures");

        if (code < 0)
            return code;
        capture->name = owned_name;
    }
    return 0;
}

static int take_captures(const struct reading *r, const json_t *object, struct mention *m)
{
    json_t *lists = json_object_get(object, "captures"), *list;
    const char *name;

    if (!lists || json_is_null(lists))
        return 0;
    if (!json_is_object(lists))
        return wrong_type(r, "captures", "an object of lists");
    json_object_foreach(lists, name, list) {
        int code = take_capture(r, name, list, m);

        if (code < 0)
            return code;
    }
    return 0;
}

int mention_from_json(const json_t *value, struct arena *arena, struct mention *ret, struct error *err)
{
    const struct reading r = {arena, err};
    struct mention m;
    int code = 0;

    mention_init(&m);
    if (!json_is_object(value))
        return wrong_type(&r, "mention", "an object");
    code = take_fields(&r, value, head_fields, ARRAY_LEN(head_fields), &m);
    if (code == 0)
        code = take_fields(&r, value, tail_fields, ARRAY_LEN(tail_fields), &m);
    if (code == 0)
        code = take_author(&r, value, &m);
    if (code == 0)
        code = take_also(&r, value, &m);
    if (code == 0)
        code = take_verdict(&r, value, &m);
    if (code == 0)
        code = take_hits(&r, value, &m);
    if (code == 0)
        code = take_captures(&r, value, &m);
    if (code == 0)
        *ret = m;
    return code;
}
