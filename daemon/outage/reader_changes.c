/* The detector's events as changes of outage_commit: JSON, with ids of mentions instead of the detector's
 * numbers, and with what people want to know beside: networks, examples, the curve, why it opened. Everything
 * in a change is absolute, and its number grows with the outage's reports, so that the same change made twice
 * is known. */
#include <math.h>
#include <stdlib.h>

#include "outage/reader.h"

#define MINUTE_MS 60000
#define CHANGE_MAX ((size_t)1024 * 1024)
#define SERIES_MAX 60
#define EXAMPLES 5
#define WHY_MAX 7000 /* bytes, before the last member */
#define LESSENED_MAX 20
#define RANKS 8 /* changes that may be told with the same number of reports */

enum rank { RANK_OPENED = 1, RANK_SPLIT, RANK_TOLD, RANK_OVER };

/* ---- pieces ----------------------------------------------------------------------------------- */

static void put_list_item(struct buf *out, bool *first, struct str value)
{
    buf_append_char(out, *first ? '[' : ',');
    *first = false;
    buf_append_json(out, value);
}

static void put_list_end(struct buf *out, bool first)
{
    buf_append_str(out, first ? STR("[]") : STR("]"));
}

static void put_number(struct buf *out, const char *name, double value)
{
    buf_printf(out, ",\"%s\":\"%.4f\"", name, fmin(fmax(value, 0), 1e9));
}

static void put_where(struct buf *out, const struct outage_reader *r, int topic, uint32_t place)
{
    const char *name = outage_topic_name(topic);
    struct str code = {NULL, 0};

    if (r->options.lens->places)
        code = gazetteer_code(r->options.lens->places, place);
    buf_printf(out, ",\"topic\":\"%s\",\"places\":[", name ? name : "");
    if (code.s)
        buf_append_json(out, code);
    buf_append_char(out, ']');
}

static void note_network(struct reader_outage *o, const char *id)
{
    struct str rest, network = str_split(str_from(id), ':', &rest);

    for (size_t i = 0; i < o->n_networks; i++) {
        if (str_eq(str_from(o->networks[i]), network))
            return;
    }
    if (o->n_networks < READER_NETWORKS_MAX && network.len && network.len < sizeof(o->networks[0]))
        snprintf(o->networks[o->n_networks++], sizeof(o->networks[0]), "%.*s", STR_FMT(network));
}

static void put_networks(struct buf *out, const struct reader_outage *o)
{
    bool first = true;

    buf_append_str(out, STR(",\"networks\":"));
    for (size_t i = 0; i < o->n_networks; i++)
        put_list_item(out, &first, str_from(o->networks[i]));
    put_list_end(out, first);
}

/* As long as all of them can still be named; later the stored ones stay. */
static void put_examples(struct buf *out, const struct outage_reader *r, uint32_t number)
{
    uint64_t refs[EXAMPLES];
    size_t n = outage_examples(r->d, number, refs, EXAMPLES);
    bool first = true;

    for (size_t i = 0; i < n; i++) {
        if (!reader_find(r, refs[i]))
            return;
    }
    buf_append_str(out, STR(",\"examples\":"));
    for (size_t i = 0; i < n; i++)
        put_list_item(out, &first, str_from(reader_find(r, refs[i])));
    put_list_end(out, first);
}

/* The minutes that got new members, whole. */
static void put_series(struct buf *out, const struct outage_reader *r, const struct outage_event *e)
{
    int64_t minute_ms = -1;
    unsigned n = 0;

    buf_append_str(out, STR(",\"series\":["));
    for (size_t i = e->n_refs; i-- > 0 && n < SERIES_MAX;) {
        int64_t begins_ms = e->members[i].created_ms - e->members[i].created_ms % MINUTE_MS;
        unsigned count;

        if (begins_ms == minute_ms)
            continue;
        minute_ms = begins_ms;
        outage_count_minutes(r->d, e->number, minute_ms, &count, 1);
        buf_printf(out, "%s\"%lld:%u:%.4f\"", n++ ? "," : "", (long long)minute_ms, count,
                   fmin(e->expected_per_minute, 1e9));
    }
    buf_append_char(out, ']');
}

/* ---- why it opened ---------------------------------------------------------------------------- */

static void put_less(struct buf *out, unsigned less)
{
    static const char *const names[OUTAGE_LESS_COUNT] = {"again", "repost", "young",
                                                         "copy",  "faint",  "maintenance"};
    bool first = true;

    for (size_t i = 0; i < OUTAGE_LESS_COUNT; i++) {
        if (less >> i & 1)
            put_list_item(out, &first, str_from(names[i]));
    }
    put_list_end(out, first);
}

static void put_lessened(struct buf *why, const struct outage_reader *r, const struct outage_event *e)
{
    unsigned n = 0;

    buf_append_str(why, STR(",\"less\":["));
    for (size_t i = 0; i < e->n_refs && n < LESSENED_MAX && why->len < WHY_MAX; i++) {
        const char *id = e->members[i].less ? reader_find(r, e->members[i].ref) : NULL;

        if (!id)
            continue;
        buf_append_str(why, n++ ? STR(",{\"id\":") : STR("{\"id\":"));
        buf_append_json(why, str_from(id));
        buf_printf(why, ",\"weight\":%.4g,\"why\":", e->members[i].weight);
        put_less(why, e->members[i].less);
        buf_append_char(why, '}');
    }
    buf_append_char(why, ']');
}

static void put_why(struct buf *out, const struct outage_reader *r, const struct outage_event *e)
{
    CLEANUP(buf_finish) struct buf why = BUF_INIT(2 * WHY_MAX);
    const char *topic = outage_topic_name(e->alarm_topic);
    struct str place = {NULL, 0};
    size_t n_less = 0;

    for (size_t i = 0; i < e->n_refs; i++)
        n_less += e->members[i].less != 0;
    if (r->options.lens->places)
        place = gazetteer_code(r->options.lens->places, e->alarm_place);
    buf_printf(&why, "{\"weight\":%.2f,\"minutes\":%.1f,\"expected\":%.4f,\"score\":%.1f,\"threshold\":%.1f",
               e->alarm_weight, e->alarm_minutes, e->alarm_chatter, e->score, e->threshold);
    buf_printf(&why, topic ? ",\"topic\":\"%s\"" : ",\"topic\":null", topic);
    buf_append_str(&why, STR(",\"place\":"));
    if (place.s)
        buf_append_json(&why, place);
    else
        buf_append_str(&why, STR("null"));
    buf_printf(&why, ",\"reports\":%zu,\"lessened\":%zu", e->n_refs, n_less);
    put_lessened(&why, r, e);
    buf_append_char(&why, '}');
    buf_append_str(out, STR(",\"why\":"));
    buf_append_json(out, buf_str(&why));
}

/* ---- changes ---------------------------------------------------------------------------------- */

static void add_change(struct outage_reader *r, struct buf *json, unsigned n_members)
{
    size_t len = json->len;
    char *text = json->failed ? NULL : buf_take(json);

    if (r->n_changes == r->cap_changes && text && r->n_changes < READER_CHANGES_MAX) {
        size_t cap = r->cap_changes ? 2 * r->cap_changes : 16;
        struct outage_change *more = realloc(r->changes, cap * sizeof(*more));

        if (more) {
            r->changes = more;
            r->cap_changes = cap;
        }
    }
    if (!text || r->n_changes == r->cap_changes) {
        free(text);
        r->failed = true;
        return;
    }
    r->changes[r->n_changes++] = (struct outage_change){text, len, n_members};
}

static void put_head(struct buf *out, const struct outage_reader *r, const char *kind, enum rank rank,
                     const struct outage_event *e)
{
    char id[OUTAGE_ID_LEN + 1];

    outage_id_format(e->id, id);
    buf_printf(
        out,
        "{\"outage\":\"%s\",\"kind\":\"%s\",\"n\":%u,\"at\":%lld,\"since\":%lld,\"people\":%u,\"reports\":%u",
        id, kind, RANKS * (e->reports % 100000000) + (unsigned)rank, (long long)e->at_ms,
        (long long)e->since_ms, e->people, e->reports);
    put_where(out, r, e->topic, e->place);
    put_number(out, "per_minute", e->per_minute);
    put_number(out, "expected", e->expected_per_minute);
    put_number(out, "score", e->score);
    put_number(out, "threshold", e->threshold);
    if (r->options.shadow)
        buf_append_str(out, STR(",\"shadow\":1"));
}

/* Members from `from` on, as many as a change holds; returns how many of the event's were gone through. */
static size_t put_members(struct buf *out, const struct outage_reader *r, const struct outage_event *e,
                          size_t from, struct reader_outage *o, unsigned *ret_n)
{
    bool first = true;

    *ret_n = 0;
    buf_append_str(out, STR(",\"members\":"));
    while (from < e->n_refs && *ret_n < OUTAGE_CHANGE_MEMBERS_MAX) {
        const char *id = reader_find(r, e->refs[from++]);

        if (!id)
            continue;
        put_list_item(out, &first, str_from(id));
        note_network(o, id);
        (*ret_n)++;
    }
    put_list_end(out, first);
    return from;
}

static void put_beside(struct buf *out, uint64_t id)
{
    char text[OUTAGE_ID_LEN + 1];

    if (!id)
        return;
    outage_id_format(id, text);
    buf_printf(out, ",\"beside\":\"%s\"", text);
}

static void say(struct outage_reader *r, const char *kind, enum rank rank, const struct outage_event *e)
{
    struct reader_outage *o = reader_outage(r, e->id);
    size_t from = 0;

    do {
        struct buf json = BUF_INIT(CHANGE_MAX);
        unsigned n;

        put_head(&json, r, from ? "updated" : kind, rank, e);
        from = put_members(&json, r, e, from, o, &n);
        put_networks(&json, o);
        put_examples(&json, r, e->number);
        put_series(&json, r, e);
        if (e->kind == OUTAGE_OPENED) {
            put_beside(&json, e->beside_id);
            put_why(&json, r, e);
        }
        buf_append_char(&json, '}');
        add_change(r, &json, n);
        buf_finish(&json);
    } while (from < e->n_refs);
}

static void say_split(struct outage_reader *r, const struct outage_event *e)
{
    struct buf json = BUF_INIT(CHANGE_MAX);

    put_head(&json, r, "split", RANK_SPLIT, e);
    put_networks(&json, reader_outage(r, e->id));
    put_beside(&json, e->beside_id);
    buf_append_char(&json, '}');
    add_change(r, &json, 0);
    buf_finish(&json);
}

/* The detector's sink. */
void reader_on_event(void *user, const struct outage_event *e)
{
    static const char *const kinds[] = {"opened", "updated", "over"};
    static const enum rank ranks[] = {RANK_OPENED, RANK_TOLD, RANK_OVER};
    struct outage_reader *r = user;
    struct reader_outage *o = reader_outage(r, e->id);

    o->per_minute = e->per_minute;
    o->reports = e->reports;
    if (r->replaying) {
        for (size_t i = 0; i < e->n_refs; i++) {
            if (reader_find(r, e->refs[i]))
                note_network(o, reader_find(r, e->refs[i]));
        }
        return;
    }
    say(r, e->kind == OUTAGE_UPDATED && e->why ? "grew" : kinds[e->kind], ranks[e->kind], e);
    if (e->kind == OUTAGE_OPENED && e->beside_id)
        say_split(r, e);
}

void reader_say_over(struct outage_reader *r, const struct reader_outage *o)
{
    struct outage_event e = {.kind = OUTAGE_CLOSED, .id = o->id, .at_ms = r->now_ms, .since_ms = o->since_ms};
    struct buf json = BUF_INIT(CHANGE_MAX);
    char id[OUTAGE_ID_LEN + 1];

    outage_id_format(e.id, id);
    buf_printf(&json, "{\"outage\":\"%s\",\"kind\":\"over\",\"n\":%u,\"at\":%lld,\"since\":%lld", id,
               RANKS * (o->reports % 100000000) + RANK_OVER, (long long)e.at_ms, (long long)e.since_ms);
    put_where(&json, r, o->topic, o->place);
    buf_append_str(&json, r->options.shadow ? STR(",\"shadow\":1}") : STR("}"));
    add_change(r, &json, 0);
    buf_finish(&json);
}
