/* What a detector's caller may see and set beside facts and time: what is open, how many reports each minute
 * brought, guards and windows, names of outages. Nothing here decides anything. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "outage/detector.h"

#define LETTERS "0123456789abcdefghjkmnpqrstvwxyz" /* none that looks like another */
#define LETTER_BITS 5
#define ID_LETTERS 3
#define ID_BITS (LETTER_BITS * ID_LETTERS)

/* ---- names ------------------------------------------------------------------------------------ */

/* Of the minute it opened, and of what it was then: the same in every detector that finds it. */
uint64_t outage_id_make(int64_t opened_ms, int64_t since_ms, int32_t topic, uint32_t place)
{
    char what[96];
    int len = snprintf(what, sizeof(what), "%lld %lld %d %u", (long long)opened_ms, (long long)since_ms,
                       topic, place);
    uint64_t hash = outage_hash((struct str){what, (size_t)len});

    return (uint64_t)(opened_ms / MINUTE_MS) << ID_BITS | hash >> (64 - ID_BITS);
}

void outage_id_format(uint64_t id, char ret_text[OUTAGE_ID_LEN + 1])
{
    time_t seconds = (time_t)((id >> ID_BITS) % (UINT64_C(1) << 32) * 60);
    char text[64];
    struct tm t;

    gmtime_r(&seconds, &t);
    snprintf(text, sizeof(text), "%02d%02d%02d-%02d%02d-%c%c%c", t.tm_year % 100, t.tm_mon + 1, t.tm_mday,
             t.tm_hour, t.tm_min, LETTERS[id >> 2 * LETTER_BITS & 31], LETTERS[id >> LETTER_BITS & 31],
             LETTERS[id & 31]);
    memcpy(ret_text, text, OUTAGE_ID_LEN);
    ret_text[OUTAGE_ID_LEN] = '\0';
}

static bool parse_letters(struct str text, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *at = text.s[i] ? strchr(LETTERS, text.s[i]) : NULL;

        if (!at)
            return false;
        *ret = *ret << LETTER_BITS | (uint64_t)(at - LETTERS);
    }
    return true;
}

bool outage_id_parse(struct str text, uint64_t *ret_id)
{
    static const struct {
        size_t start;
        int64_t min, max;
    } parts[] = {{0, 0, 99}, {2, 1, 12}, {4, 1, 31}, {7, 0, 23}, {9, 0, 59}};
    int64_t v[ARRAY_LEN(parts)];
    char again[OUTAGE_ID_LEN + 1];
    uint64_t letters, id;
    struct tm t = {0};

    if (text.len != OUTAGE_ID_LEN ||
        !parse_letters(str_slice(text, OUTAGE_ID_LEN - ID_LETTERS, text.len), &letters))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (!str_to_i64(str_slice(text, parts[i].start, parts[i].start + 2), parts[i].min, parts[i].max,
                        &v[i]))
            return false;
    }
    t.tm_year = 100 + (int)v[0];
    t.tm_mon = (int)v[1] - 1;
    t.tm_mday = (int)v[2];
    t.tm_hour = (int)v[3];
    t.tm_min = (int)v[4];
    id = (uint64_t)(timegm(&t) / 60) << ID_BITS | letters;
    outage_id_format(id, again); /* 31 February, other marks between */
    if (!str_eq(text, str_from(again)))
        return false;
    *ret_id = id;
    return true;
}

/* ---- what callers set ------------------------------------------------------------------------- */

void outage_set_guards(struct outage_detector *d, const struct outage_guard *guards, size_t n_guards)
{
    if (n_guards > OUTAGE_GUARDS_MAX)
        n_guards = OUTAGE_GUARDS_MAX;
    free(d->guards);
    d->guards = n_guards ? calloc(n_guards, sizeof(*d->guards)) : NULL;
    d->n_guards = d->guards ? (uint32_t)n_guards : 0;
    if (d->n_guards > 0)
        memcpy(d->guards, guards, d->n_guards * sizeof(*guards));
}

void outage_set_least(struct outage_detector *d, double people)
{
    d->least = people;
}

/* ---- what is open ----------------------------------------------------------------------------- */

void outage_each_open(const struct outage_detector *d, const struct outage_sink *sink)
{
    for (uint32_t i = 0; i < d->n_open; i++) {
        struct outage_event event = cluster_event(d, &d->open[i], OUTAGE_UPDATED);

        sink->event(sink->user, &event);
    }
}

void outage_count_minutes(const struct outage_detector *d, uint32_t number, int64_t from_ms,
                          unsigned *ret_counts, size_t n)
{
    memset(ret_counts, 0, n * sizeof(*ret_counts));
    for (uint32_t i = ring_lower_bound(d, from_ms - 1); i < d->n_ring; i++) {
        uint64_t minute = (uint64_t)(d->ring[i].created_ms - from_ms) / (uint64_t)MINUTE_MS;

        if (minute >= n)
            return;
        ret_counts[minute] += d->ring[i].outage == number;
    }
}

size_t outage_examples(const struct outage_detector *d, uint32_t number, uint64_t *ret_refs, size_t n)
{
    size_t found = 0;

    for (unsigned quarters = QUARTERS; quarters > 0 && found < n; quarters--) {
        for (uint32_t i = 0; i < d->n_ring && found < n; i++) {
            if (d->ring[i].outage == number && d->ring[i].quarters == quarters)
                ret_refs[found++] = d->ring[i].ref;
        }
    }
    return found;
}

/* ---- mending ---------------------------------------------------------------------------------- */

void outage_drop(struct outage_detector *d, uint64_t id)
{
    for (uint32_t i = 0; i < d->n_open; i++) {
        struct outage_cluster *k = &d->open[i];

        if (k->id != id)
            continue;
        for (uint32_t j = 0; j < d->n_ring; j++) {
            if (d->ring[j].outage == k->number)
                d->ring[j].untold = false;
        }
        cluster_remember_closed(d, k);
        memmove(k, k + 1, (d->n_open - i - 1) * sizeof(*k));
        d->n_open--;
        return;
    }
}

void outage_rename(struct outage_detector *d, uint32_t number, uint64_t id, uint32_t reports)
{
    struct outage_cluster *k = cluster_by_number(d, number);

    if (!k)
        return;
    k->id = id;
    if (k->reports < reports)
        k->reports = reports;
}

void outage_tell_again(struct outage_detector *d, uint32_t number, const struct outage_sink *sink)
{
    struct outage_cluster *k = cluster_by_number(d, number);

    for (uint32_t i = 0; k && i < d->n_ring; i++)
        d->ring[i].untold = d->ring[i].untold || d->ring[i].outage == number;
    cluster_tell(d, k, OUTAGE_OPENED, sink);
}
