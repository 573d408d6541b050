/* The state as bytes: little-endian, a version, a checksum. One walk over the state serves writing and
 * reading, so that the two cannot differ. Reading believes nothing: the checksum tells damage, the
 * ranges tell what no detector could have written, and both are refused alike. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "outage/detector.h"

#define MAGIC UINT32_C(0x3144544f) /* "OTD1" */
#define VERSION 2
#define CHECKSUM_LEN 8
#define TIME_MAX_MS (INT64_C(1) << 53)
#define WEIGHT_MAX 1e12
#define SCORE_MAX 1e9

struct codec {
    struct buf *out;  /* writing, else NULL */
    struct str in;    /* reading: what is left */
    const char *wrong; /* the first thing that cannot be */
};

static void code_u64(struct codec *c, uint64_t *value, const char *what, size_t n_bytes)
{
    unsigned char bytes[8];

    if (c->wrong)
        return;
    if (c->out) {
        for (size_t i = 0; i < n_bytes; i++)
            bytes[i] = (unsigned char)(*value >> 8 * i);
        buf_append(c->out, bytes, n_bytes);
        return;
    }
    if (c->in.len < n_bytes) {
        c->wrong = what;
        return;
    }
    *value = 0;
    for (size_t i = 0; i < n_bytes; i++)
        *value |= (uint64_t)(unsigned char)c->in.s[i] << 8 * i;
    c->in = str_slice(c->in, n_bytes, c->in.len);
}

static void code_u32(struct codec *c, uint32_t *value, uint32_t max, const char *what)
{
    uint64_t wide = *value;

    code_u64(c, &wide, what, 4);
    *value = (uint32_t)wide;
    if (*value > max && !c->wrong) {
        c->wrong = what;
        *value = 0; /* counts are used by who goes on */
    }
}

static void code_i32(struct codec *c, int32_t *value, int32_t min, int32_t max, const char *what)
{
    uint32_t raw = (uint32_t)*value;

    code_u32(c, &raw, UINT32_MAX, what);
    *value = (int32_t)raw;
    if ((*value < min || *value > max) && !c->wrong)
        c->wrong = what;
}

static void code_time(struct codec *c, int64_t *value, int64_t max, const char *what)
{
    uint64_t raw = (uint64_t)*value;

    code_u64(c, &raw, what, 8);
    *value = (int64_t)raw;
    if ((*value < 0 || *value > max) && !c->wrong)
        c->wrong = what;
}

static void code_real(struct codec *c, double *value, double max, const char *what)
{
    uint64_t raw;

    memcpy(&raw, value, sizeof(raw));
    code_u64(c, &raw, what, 8);
    memcpy(value, &raw, sizeof(raw));
    if (!(*value >= 0 && *value <= max) && !c->wrong)
        c->wrong = what;
}

static void code_bool(struct codec *c, bool *value, const char *what)
{
    uint64_t raw = *value;

    code_u64(c, &raw, what, 1);
    *value = raw & 1;
    if (raw > 1 && !c->wrong)
        c->wrong = what;
}

/* ---- the parts -------------------------------------------------------------------------------- */

static void code_bin(struct codec *c, struct outage_bin *bin)
{
    code_u32(c, &bin->others, UINT32_MAX, "a bin's mentions");
    code_real(c, &bin->reports, WEIGHT_MAX, "a bin's reports");
    code_bool(c, &bin->busy, "a bin's mark");
}

static void code_baseline(struct codec *c, struct outage_detector *d)
{
    code_bin(c, &d->running);
    code_u32(c, &d->n_bins, BINS, "the number of bins");
    for (uint32_t i = 0; i < d->n_bins && !c->wrong; i++)
        code_bin(c, &d->bins[i]);
    code_real(c, &d->reports, WEIGHT_MAX, "the base's reports");
    code_real(c, &d->others, WEIGHT_MAX, "the base's mentions");
    code_real(c, &d->volume, WEIGHT_MAX, "the volume");
    code_real(c, &d->volume_min, WEIGHT_MAX, "the volume's time");
    for (size_t i = 0; i < OUTAGE_TOPICS_MAX; i++)
        code_real(c, &d->topics[i], WEIGHT_MAX, "a topic's share");
    code_real(c, &d->heard, WEIGHT_MAX, "the sum of shares");
    code_u32(c, &d->n_places, OUTAGE_PLACES_MAX, "the number of places");
    for (uint32_t i = 0; i < d->n_places && !c->wrong; i++) {
        code_u32(c, &d->places[i].place, UINT32_MAX, "a place");
        code_real(c, &d->places[i].weight, WEIGHT_MAX, "a place's share");
    }
}

static void code_topic(struct codec *c, int32_t *topic)
{
    code_i32(c, topic, -1, OUTAGE_TOPICS_MAX - 1, "a topic");
}

static void code_cluster(struct codec *c, struct outage_detector *d, struct outage_cluster *k)
{
    code_u64(c, &k->id, "an outage's id", 8);
    code_u32(c, &k->number, d->last_number, "an outage's number");
    code_topic(c, &k->topic);
    code_topic(c, &k->topic_told);
    code_u32(c, &k->place, UINT32_MAX, "an outage's place");
    code_u32(c, &k->place_told, UINT32_MAX, "an outage's place");
    code_u32(c, &k->reports, UINT32_MAX / 2, "an outage's reports");
    code_u32(c, &k->people, k->reports, "an outage's people");
    code_u32(c, &k->people_told, k->people, "an outage's people");
    code_time(c, &k->opened_ms, d->now_ms, "an outage's opening");
    code_time(c, &k->since_ms, k->opened_ms, "an outage's beginning");
    code_real(c, &k->weight, WEIGHT_MAX, "an outage's weight");
    code_real(c, &k->peak, WEIGHT_MAX, "an outage's peak");
    code_real(c, &k->score, SCORE_MAX, "an outage's score");
    code_real(c, &k->threshold, SCORE_MAX, "an outage's threshold");
    code_u32(c, &k->n_back, BACK_MAX, "the number of people who said it is back");
    for (uint32_t i = 0; i < k->n_back && !c->wrong; i++) {
        code_time(c, &k->back[i].at_ms, d->now_ms, "when somebody said it is back");
        code_u64(c, &k->back[i].author, "who said it is back", 8);
    }
    code_bool(c, &k->changed, "an outage's mark");
    for (const struct outage_cluster *other = d->open; other < k && !c->wrong; other++) {
        if (other->number == k->number)
            c->wrong = "two outages of one number";
    }
    if (k->number == 0 && !c->wrong)
        c->wrong = "an outage's number";
}

static void code_outages(struct codec *c, struct outage_detector *d)
{
    code_u32(c, &d->last_number, UINT32_MAX - 1, "the last number");
    code_u32(c, &d->n_open, OUTAGE_OPEN_MAX, "the number of outages");
    for (uint32_t i = 0; i < d->n_open && !c->wrong; i++)
        code_cluster(c, d, &d->open[i]);
    code_u32(c, &d->n_closed, CLOSED_MAX, "the number of closed outages");
    for (uint32_t i = 0; i < d->n_closed && !c->wrong; i++) {
        code_time(c, &d->closed[i].at_ms, d->now_ms, "when an outage closed");
        code_topic(c, &d->closed[i].topic);
        code_u32(c, &d->closed[i].place, UINT32_MAX, "a closed outage's place");
    }
}

/* Reading: n items of `size` bytes; 0 items are NULL. */
static void make_array(struct codec *c, void *array, uint32_t n, uint32_t *ret_cap, size_t size)
{
    void *made;

    if (c->out || c->wrong || n == 0)
        return;
    made = calloc(n, size);
    if (!made) {
        c->wrong = "memory";
        return;
    }
    memcpy(array, &made, sizeof(made)); /* the detector owns it now */
    *ret_cap = n;
    /* cppcheck-suppress memleak */
}

static void code_report(struct codec *c, struct outage_detector *d, uint32_t i)
{
    struct outage_report *r = &d->ring[i];
    uint64_t quarters = r->quarters, less = r->less;

    code_time(c, &r->created_ms, d->now_ms, "a report's time");
    code_u64(c, &r->author, "a report's author", 8);
    code_u64(c, &r->ref, "a report's name", 8);
    code_u32(c, &r->topics, (1u << OUTAGE_TOPICS_MAX) - 1, "a report's topics");
    code_u32(c, &r->place, UINT32_MAX, "a report's place");
    code_u32(c, &r->outage, d->last_number, "a report's outage");
    code_u64(c, &quarters, "a report's weight", 1);
    code_u64(c, &less, "why a report weighs less", 1);
    code_bool(c, &r->person, "a report's mark");
    code_bool(c, &r->untold, "a report's mark");
    r->quarters = (uint8_t)quarters;
    r->less = (uint8_t)less;
    if (c->wrong)
        return;
    if (quarters > QUARTERS)
        c->wrong = "a report's weight";
    else if (less >> OUTAGE_LESS_COUNT)
        c->wrong = "why a report weighs less";
    else if (i > 0 && r->created_ms < d->ring[i - 1].created_ms)
        c->wrong = "the order of reports";
    else if (r->untold && !cluster_by_number(d, r->outage))
        c->wrong = "an untold report of no open outage";
}

static void code_copy(struct codec *c, const struct outage_detector *d, struct outage_copy *copy)
{
    uint32_t n_words = copy->n_words, count = copy->count;

    code_time(c, &copy->seen_ms, d->now_ms, "a text's time");
    code_u32(c, &count, UINT16_MAX, "a text's copies");
    code_u32(c, &n_words, MENTION_WORDS_MAX, "the number of words");
    copy->count = (uint16_t)count;
    copy->n_words = (uint16_t)n_words;
    if (!c->out)
        copy->sketch = 0;
    for (uint32_t i = 0; i < n_words && !c->wrong; i++) {
        code_u32(c, &copy->words[i], UINT32_MAX, "a word");
        copy->sketch |= 1u << (copy->words[i] & 31);
        if (i > 0 && copy->words[i] < copy->words[i - 1])
            c->wrong = "the order of words";
    }
}

static void code_state(struct codec *c, struct outage_detector *d)
{
    code_time(c, &d->now_ms, TIME_MAX_MS, "the time");
    code_baseline(c, d);
    code_outages(c, d);
    code_u32(c, &d->n_ring, OUTAGE_RING_MAX, "the number of reports");
    make_array(c, &d->ring, d->n_ring, &d->cap_ring, sizeof(*d->ring));
    for (uint32_t i = 0; i < d->n_ring && !c->wrong; i++)
        code_report(c, d, i);
    code_u32(c, &d->n_copies, OUTAGE_COPIES_MAX, "the number of texts");
    make_array(c, &d->copies, d->n_copies, &d->cap_copies, sizeof(*d->copies));
    for (uint32_t i = 0; i < d->n_copies && !c->wrong; i++)
        code_copy(c, d, &d->copies[i]);
}

/* ---- both ways -------------------------------------------------------------------------------- */

static void code_header(struct codec *c)
{
    uint32_t magic = MAGIC, version = VERSION;

    code_u32(c, &magic, UINT32_MAX, "the beginning");
    code_u32(c, &version, UINT32_MAX, "the version");
    if (!c->wrong && magic != MAGIC)
        c->wrong = "the beginning";
    if (!c->wrong && version != VERSION)
        c->wrong = "the version";
}

bool outage_save(const struct outage_detector *d, struct buf *out)
{
    struct outage_detector walked = *d; /* writing changes nothing; the walk is not const */
    struct codec c = {.out = out};
    size_t start = out->len;
    uint64_t checksum;

    code_header(&c);
    code_state(&c, &walked);
    if (out->failed)
        return false;
    checksum = outage_hash(str_slice(buf_str(out), start, out->len));
    code_u64(&c, &checksum, "", CHECKSUM_LEN);
    return !out->failed;
}

static const char *check_bytes(struct str bytes)
{
    struct codec c = {.in = bytes};
    uint64_t checksum;

    code_header(&c);
    if (c.wrong)
        return c.wrong;
    if (c.in.len < CHECKSUM_LEN)
        return "the length";
    c.in = str_slice(bytes, bytes.len - CHECKSUM_LEN, bytes.len);
    code_u64(&c, &checksum, "", CHECKSUM_LEN);
    return checksum == outage_hash(str_slice(bytes, 0, bytes.len - CHECKSUM_LEN)) ? NULL
                                                                                 : "the checksum";
}

int outage_load(struct str bytes, struct outage_detector **ret, struct error *err)
{
    struct codec c = {.wrong = check_bytes(bytes)};
    struct outage_detector *d;

    if (c.wrong)
        return error_set(err, -EBADMSG, "outage state of %zu bytes: %s is wrong", bytes.len, c.wrong);
    d = outage_create();
    if (!d)
        return error_oom(err);
    c.in = str_slice(bytes, 0, bytes.len - CHECKSUM_LEN);
    code_header(&c);
    code_state(&c, d);
    if (!c.wrong && c.in.len > 0)
        c.wrong = "the length";
    if (c.wrong) {
        outage_destroy(d);
        return error_set(err, -EBADMSG, "outage state of %zu bytes: %s is wrong", bytes.len, c.wrong);
    }
    d->bin = d->now_ms / BIN_MS;
    *ret = d;
    return 0;
}
