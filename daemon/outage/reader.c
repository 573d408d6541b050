/* The reader without its I/O (outage_reader.h): entries become facts, facts of one millisecond go to the
 * detector together, what it says becomes changes (reader_changes.c). Beside the detector it keeps the ids of
 * the reports of the last 70 minutes, because the detector knows numbers: a number is the entry's id, so
 * after a restart a look at the stream before the state tells all of them again. */
#include "outage/reader.h"

#include <errno.h>
#include <stdlib.h>

#define DAY_MS INT64_C(86400000)

static int compare(struct outage_position a, struct outage_position b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return (a.seq > b.seq) - (a.seq < b.seq);
}

/* ---- ids of reports ---------------------------------------------------------------------------- */

static void drop_reports(struct outage_reader *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(r->reports[i].id);
    memmove(r->reports, r->reports + n, (r->n_reports - n) * sizeof(*r->reports));
    r->n_reports -= n;
}

static void forget_reports(struct outage_reader *r, int64_t now_ms)
{
    uint64_t oldest = reader_ref((struct outage_position){now_ms - OUTAGE_READER_BACK_MS, 0});
    size_t n = 0;

    while (n < r->n_reports && r->reports[n].ref < oldest)
        n++;
    if (n > r->n_reports / 2 || r->n_reports == OUTAGE_READER_REPORTS_MAX) /* not one by one */
        drop_reports(r, n ? n : OUTAGE_READER_REPORTS_MAX / 8);
}

static int keep_report(struct outage_reader *r, struct outage_position at, struct str id, struct error *err)
{
    uint64_t ref = reader_ref(at);

    if (r->n_reports && r->reports[r->n_reports - 1].ref >= ref)
        return 0;
    forget_reports(r, at.ms);
    r->reports[r->n_reports].id = str_dup(id);
    if (!r->reports[r->n_reports].id)
        return error_oom(err);
    r->reports[r->n_reports++].ref = ref;
    return 0;
}

/* What is older than a restart would find again is not found, so that both say the same. */
const char *reader_find(const struct outage_reader *r, uint64_t ref)
{
    size_t low = 0, high = r->n_reports;

    if (ref < reader_ref((struct outage_position){r->now_ms - OUTAGE_READER_BACK_MS, 0}))
        return NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (r->reports[middle].ref < ref)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->n_reports && r->reports[low].ref == ref ? r->reports[low].id : NULL;
}

/* ---- outages ---------------------------------------------------------------------------------- */

struct reader_outage *reader_outage(struct outage_reader *r, uint64_t id)
{
    for (size_t i = 0; i < r->n_known; i++) {
        if (r->known[i].id == id)
            return &r->known[i];
    }
    if (r->n_known == READER_KNOWN_MAX) { /* open ones are among the latest */
        memmove(r->known, r->known + 1, (READER_KNOWN_MAX - 1) * sizeof(r->known[0]));
        r->n_known--;
    }
    r->known[r->n_known] = (struct reader_outage){.id = id, .topic = -1};
    return &r->known[r->n_known++];
}

void outage_reader_know(struct outage_reader *r, const json_t *outage)
{
    const json_t *networks = json_get(outage, "networks"), *places = json_get(outage, "places");
    struct str topic = json_get_text(outage, "topic");
    struct reader_outage *o;
    uint64_t id;

    if (!outage_id_parse(json_get_text(outage, "id"), &id) || json_get(outage, "rejected"))
        return;
    o = reader_outage(r, id);
    o->stored_open = true;
    o->topic = outage_topic(topic);
    o->since_ms = json_get_i64(outage, "since", 0);
    o->reports = (uint32_t)json_get_i64(outage, "reports", 0);
    o->per_minute = json_number_value(json_get(outage, "per_minute"));
    if (json_array_size(places))
        o->place = outage_place_number(json_text(json_array_get(places, 0)));
    for (size_t i = 0; i < json_array_size(networks) && i < READER_NETWORKS_MAX; i++)
        snprintf(o->networks[o->n_networks++], sizeof(o->networks[0]), "%.*s",
                 STR_FMT(str_cut_utf8(json_text(json_array_get(networks, i)), sizeof(o->networks[0]) - 1)));
}

/* ---- a detector that began anew meets what is stored ------------------------------------------------ */

struct meeting {
    struct outage_reader *r;
    struct {
        uint32_t number;
        uint64_t id;
        uint32_t reports;
        bool told;
    } open[OUTAGE_OPEN_MAX];
    size_t n;
};

static struct reader_outage *same_outage(struct outage_reader *r, const struct outage_event *e)
{
    struct reader_outage *like = NULL;

    for (size_t i = 0; i < r->n_known; i++) {
        struct reader_outage *o = &r->known[i];

        if (!o->stored_open)
            continue;
        if (o->id == e->id)
            return o;
        if ((o->topic < 0 || e->topic < 0 || o->topic == e->topic) &&
            (!o->place || !e->place || o->place == e->place))
            like = o;
    }
    return like;
}

static void meet(void *user, const struct outage_event *e)
{
    struct meeting *m = user;
    struct reader_outage *o = same_outage(m->r, e);

    m->open[m->n].number = e->number;
    m->open[m->n].told = o != NULL;
    if (o) {
        o->stored_open = false; /* it has found its own */
        m->open[m->n].id = o->id;
        m->open[m->n].reports = o->reports;
    }
    m->n++;
}

static void end_replay(struct outage_reader *r)
{
    struct outage_sink sink = {reader_on_event, r};
    struct meeting m = {.r = r};

    r->replaying = false;
    if (!r->anew)
        return;
    outage_each_open(r->d, &(struct outage_sink){meet, &m});
    for (size_t i = 0; i < m.n; i++) {
        if (m.open[i].told)
            outage_rename(r->d, m.open[i].number, m.open[i].id, m.open[i].reports);
        else
            outage_tell_again(r->d, m.open[i].number, &sink);
    }
    for (size_t i = 0; i < r->n_known; i++) {
        if (r->known[i].stored_open)
            reader_say_over(r, &r->known[i]);
        r->known[i].stored_open = false;
    }
}

/* ---- entries ---------------------------------------------------------------------------------- */

static int64_t number_of(struct str text, int64_t otherwise)
{
    str_to_i64(text, 0, INT64_MAX, &otherwise);
    return otherwise;
}

static void read_topics(struct mention *m, struct str topics)
{
    while (topics.len && m->n_captures < MENTION_CAPTURES_MAX)
        m->captures[m->n_captures++] =
            (struct mention_capture){STR("topic"), str_split(topics, ',', &topics)};
}

static void read_words(struct mention *m, struct str words)
{
    while (words.len && m->n_words < MENTION_WORDS_MAX)
        m->words[m->n_words++] = (uint32_t)number_of(str_split(words, ',', &words), 0);
}

/* As much of the mention as the detector needs: mention.heard carries it. */
static void read_mention(const struct str *fields, size_t n, struct mention *m)
{
    int64_t age_days = number_of(reader_field(fields, n, "age_days"), -1);

    mention_init(m);
    m->id = reader_field(fields, n, "id");
    m->class = CLASS_NONE;
    mention_class_parse(reader_field(fields, n, "class"), &m->class);
    m->says = mention_says_parse(reader_field(fields, n, "says"));
    m->place = reader_field(fields, n, "place");
    m->repost_of = reader_field(fields, n, "repost_of");
    m->backfill = str_eq(reader_field(fields, n, "backfill"), STR("1"));
    m->created_at_ms = number_of(reader_field(fields, n, "created_at"), 0);
    m->fetched_at_ms = number_of(reader_field(fields, n, "fetched_at"), 0);
    m->author.id = reader_field(fields, n, "author");
    m->author.followers = number_of(reader_field(fields, n, "followers"), -1);
    if (age_days >= 0 && age_days < 100000)
        m->author.created_at_ms = m->fetched_at_ms - age_days * DAY_MS;
    read_topics(m, reader_field(fields, n, "topics"));
    read_words(m, reader_field(fields, n, "words"));
}

static void pass_to(struct outage_reader *r, int64_t now_ms)
{
    if (r->now_ms < now_ms)
        r->now_ms = now_ms;
    if (!r->saved_ms)
        r->saved_ms = now_ms;
}

/* The running millisecond is complete. */
static int flush(struct outage_reader *r, struct error *err)
{
    struct outage_sink sink = {reader_on_event, r};
    int result = 0;

    if (!r->group.ms && !r->group.seq)
        return 0;
    pass_to(r, r->group.ms);
    if (r->replaying && compare(r->group, r->known_until) > 0)
        end_replay(r);
    if (r->n_facts > 0)
        result = outage_update(r->d, r->facts, r->n_facts, r->group.ms, &sink);
    r->n_facts = 0;
    r->done = r->group;
    r->group = (struct outage_position){0, 0};
    return result < 0 || r->failed ? error_oom(err) : 0;
}

static int take_heard(struct outage_reader *r, struct outage_position id, const struct str *fields,
                      size_t n_fields, bool is_news, struct error *err)
{
    struct mention m;
    struct outage_fact fact;
    int result = 0;

    read_mention(fields, n_fields, &m);
    fact = outage_fact_of(r->options.lens, &m);
    fact.ref = reader_ref(id);
    if (fact.kind == OUTAGE_REPORT)
        result = keep_report(r, id, m.id, err);
    if (result == 0 && is_news)
        r->facts[r->n_facts++] = fact;
    return result;
}

int outage_reader_entry(struct outage_reader *r, struct outage_position id, const struct str *fields,
                        size_t n_fields, struct error *err)
{
    bool is_news = compare(id, r->done) > 0;
    int result = 0;

    if (is_news && (id.ms > r->group.ms || r->n_facts == READER_GROUP_MAX))
        result = flush(r, err);
    if (result == 0 && str_eq(reader_field(fields, n_fields, "type"), STR("mention.heard")))
        result = take_heard(r, id, fields, n_fields, is_news, err);
    else if (is_news)
        reader_take_guard(r, fields, n_fields);
    if (is_news)
        r->group = id;
    return result;
}

int outage_reader_clock(struct outage_reader *r, int64_t now_ms, struct error *err)
{
    struct outage_sink sink = {reader_on_event, r};
    int result = r->group.ms < now_ms ? flush(r, err) : 0;

    if (result < 0 || r->group.ms || r->group.seq)
        return result;
    pass_to(r, now_ms);
    if (r->replaying)
        end_replay(r);
    outage_tick(r->d, now_ms, &sink);
    return r->failed ? error_oom(err) : 0;
}

/* ---- committing ------------------------------------------------------------------------------- */

bool outage_reader_is_due(const struct outage_reader *r)
{
    return r->n_changes > 0 ||
           (r->now_ms - r->saved_ms >= OUTAGE_READER_SAVE_MS && compare(r->done, r->known_until) > 0);
}

const struct outage_change *outage_reader_changes(const struct outage_reader *r, size_t *ret_n)
{
    *ret_n = r->n_changes;
    return r->changes;
}

struct outage_position outage_reader_position(const struct outage_reader *r)
{
    return r->done;
}

bool outage_reader_save(const struct outage_reader *r, struct buf *out)
{
    return outage_save(r->d, out);
}

void outage_reader_committed(struct outage_reader *r)
{
    for (size_t i = 0; i < r->n_changes; i++)
        free(r->changes[i].json);
    r->n_changes = 0;
    r->saved_ms = r->now_ms;
}

size_t outage_reader_open_count(const struct outage_reader *r)
{
    return outage_open_count(r->d);
}

/* ---- life ------------------------------------------------------------------------------------- */

int outage_reader_create(const struct outage_reader_options *options, struct outage_reader **ret,
                         struct error *err)
{
    struct outage_reader *r = calloc(1, sizeof(*r));

    if (!r)
        return error_oom(err);
    r->options = *options;
    r->anew = true;
    r->d = outage_create();
    r->reports = calloc(OUTAGE_READER_REPORTS_MAX, sizeof(*r->reports));
    if (!r->d || !r->reports) {
        outage_reader_destroy(r);
        return error_oom(err);
    }
    outage_set_least(r->d, options->least_people);
    *ret = r;
    return 0;
}

int outage_reader_load(struct outage_reader *r, struct str state, struct outage_position at,
                       struct error *err)
{
    struct outage_detector *d;
    int result = outage_load(state, &d, err);

    if (result < 0)
        return result;
    outage_destroy(r->d);
    r->d = d;
    r->done = at;
    r->anew = false;
    pass_to(r, at.ms);
    outage_set_least(d, r->options.least_people);
    return 0;
}

void outage_reader_known_until(struct outage_reader *r, struct outage_position position)
{
    r->known_until = position;
    r->replaying = compare(r->done, position) < 0;
}

struct outage_position outage_reader_start(const struct outage_reader *r)
{
    int64_t ms = r->done.ms - OUTAGE_READER_BACK_MS;

    return (struct outage_position){ms > 0 ? ms : 0, 0};
}

void outage_reader_destroy(struct outage_reader *r)
{
    if (!r)
        return;
    outage_reader_committed(r);
    for (size_t i = 0; r->reports && i < r->n_reports; i++)
        free(r->reports[i].id);
    free(r->reports);
    free(r->changes);
    outage_destroy(r->d);
    free(r);
}
